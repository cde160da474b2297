import {execFileSync} from 'node:child_process';
import {readFileSync, readdirSync} from 'node:fs';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], {encoding: 'utf8'}));

interface Usage {
  readonly pid: number;
  readonly parent: number;
  /** Of its own threads, and of the children that have ended and it has waited for. */
  readonly ticks: number;
}

/** User and system time in seconds of a process and of all that descend from it, the ended ones included (Linux). */
export function treeCpuSeconds(root: number): number {
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? usage(name) : []));
  const sum = (pid: number): number =>
    all.reduce(
      (total, each) =>
        total + (each.pid === pid ? each.ticks : 0) + (each.parent === pid ? sum(each.pid) : 0),
      0,
    );
  return sum(root) / ticksPerSecond;
}

function usage(pid: string): readonly Usage[] {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
    return [{pid: Number(pid), parent: Number(fields[1]), ticks}];
  } catch {
    // It has ended since the listing.
    return [];
  }
}
