import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {promisify} from 'node:util';

const run = promisify(execFile);

/** Flags that start a small JVM fast: a third of the time of plain `java` until a broker answers. */
export const jvmFlags: readonly string[] = [
  '-Xms32m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:-UsePerfData',
];

const SETPRIV = '/usr/bin/setpriv';

/**
 * `java` with `args`, as a command that dies with this process, on Linux also when this process is killed: a JVM that is left
 * behind spins for ever.
 */
export function javaCommand(args: readonly string[]): readonly [string, ...string[]] {
  if (process.platform !== 'linux' || !existsSync(SETPRIV)) return ['java', ...args];
  // Not SIGTERM: a broker whose controller has gone would wait for it.
  return [SETPRIV, '--pdeathsig=KILL', '--', 'java', ...args];
}

/** Runs a program of the JDK or Maven to its end; fails with all that it has written. */
export async function runTool(
  tool: 'java' | 'javac' | 'mvn',
  args: readonly string[],
): Promise<{readonly stdout: string; readonly stderr: string}> {
  try {
    return await run(tool, args, {maxBuffer: 1 << 26});
  } catch (error) {
    const {code, stdout, stderr} = error as {code?: string; stdout?: string; stderr?: string};
    if (code === 'ENOENT') throw new Error(missingTool(tool), {cause: error});
    throw new Error(`${tool} ${args.join(' ')} failed:\n${stdout}${stderr}`, {cause: error});
  }
}

function missingTool(tool: string): string {
  const debian = tool === 'mvn' ? 'maven' : 'openjdk-17-jdk-headless';
  return (
    `"${tool}" is not on the PATH. Tests that need a real Kafka or schema registry fetch them with Maven and run them on a ` +
    `JDK 17 or newer: install it (Debian: apt-get install ${debian}), or run what needs no server: npm run test:unit`
  );
}
