import {execFile} from 'node:child_process';
import {createServer} from 'node:net';
import {promisify} from 'node:util';
import {expect, test} from 'vitest';
import {serverPort} from './server-port.ts';

const run = promisify(execFile);
const module = new URL('server-port.ts', import.meta.url).href;

/** The ports that a process of its own is given. */
async function portsOfAnother(count: number): Promise<readonly number[]> {
  const program = `
    const {serverPort} = await import(${JSON.stringify(module)});
    const ports = await Promise.all(Array.from({length: ${count}}, () => serverPort()));
    console.log(JSON.stringify(ports));
  `;
  const {stdout} = await run(process.execPath, [
    '--import',
    'tsx',
    '--input-type=module',
    '-e',
    program,
  ]);
  return JSON.parse(stdout) as number[];
}

test('gives no port twice, not to another process either', async () => {
  const ports = (await Promise.all([1, 2, 3].map(() => portsOfAnother(300)))).flat();
  expect(new Set(ports).size).toBe(900);
});

test('passes over a port that somebody listens on', async () => {
  const before = await serverPort();
  const server = createServer();
  await new Promise<void>((resolve) => {
    // Somebody else's is as good.
    server.once('error', () => resolve());
    server.listen(before + 1, '127.0.0.1', resolve);
  });
  try {
    expect(await serverPort()).not.toBe(before + 1);
  } finally {
    server.close();
  }
});
