import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {isAlive} from './is-alive.ts';

/** A folder of this process's own below the temporary one; what killed processes have left of the same name is removed. */
export function makeRunFolder(name: string): string {
  const prefix = `millrace-${name}-of-`;
  for (const entry of readdirSync(tmpdir())) {
    if (!entry.startsWith(prefix)) continue;
    const owner = Number(entry.slice(prefix.length).split('-')[0]);
    if (!isAlive(owner)) rmSync(join(tmpdir(), entry), {recursive: true, force: true});
  }
  return mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
}
