import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {createInterface} from 'node:readline';

/** What a sink writes to, outside of the process that is measured. */
export interface Target {
  /** For {@link openWarehouse}. */
  readonly target: string;
  readonly stop: () => Promise<void>;
}

/** The stand-in of a warehouse in the cloud, empty and in a process of its own; `target` is how it can be reached. */
export async function startStandIn(connector: string): Promise<Target> {
  const script = join(
    import.meta.dirname,
    '../../test/support/processes',
    `${connector}-stand-in.ts`,
  );
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const [target] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    exited.then(() => {
      throw new Error(`the stand-in of ${connector} did not start`);
    }),
  ])) as [string];
  return {
    target,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
