import {deepStrictEqual} from 'node:assert';
import {Socket} from 'node:net';
import {afterEach} from 'vitest';

type Connect = (this: Socket, ...args: unknown[]) => Socket;

const noted = Symbol.for('millrace.loopback-only');

/** Test files share a process, and each has a copy of this module; so the notes are kept where all of them look. */
const prototype = Socket.prototype as unknown as {connect: Connect; [noted]?: string[]};

/** Addresses beyond this machine that something has tried to contact since they were last taken. */
export function takeContacted(): readonly string[] {
  return prototype[noted]?.splice(0) ?? [];
}

interface Target {
  readonly host?: string | undefined;
  readonly path?: string | null | undefined;
}

/** Node calls it with `net.connect`'s arguments, or with an array of them. */
function targetOf(args: readonly unknown[]): Target {
  const [first, second] = Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
  if (typeof first === 'object' && first !== null) return first;
  if (typeof first === 'string' && !/^\d+$/.test(first)) return {path: first};
  return {host: typeof second === 'string' ? second : undefined};
}

function isLoopback({host, path}: Target): boolean {
  return (
    typeof path === 'string' ||
    host === undefined ||
    /^(localhost|127(\.\d+){3}|::1|::ffff:127(\.\d+){3}|0\.0\.0\.0|)$/.test(host)
  );
}

/**
 * A setup file: no test contacts an address other than loopback. The connection fails, and the test with it. Every TCP and
 * TLS connection of Node begins here, those of HTTP clients and of database drivers included, and before any name is
 * looked up.
 */
function watchConnections(): void {
  if (prototype[noted] !== undefined) return;
  const contacted: string[] = [];
  prototype[noted] = contacted;
  const {connect} = prototype;
  prototype.connect = function (...args) {
    const target = targetOf(args);
    if (isLoopback(target)) return connect.apply(this, args);
    contacted.push(String(target.host));
    const refusal = new Error(`a test contacts ${target.host}, which is not this machine`);
    // HTTP clients listen for errors a moment later.
    setImmediate(() => this.destroy(refusal));
    return this;
  };
}

watchConnections();

afterEach(() => {
  deepStrictEqual(takeContacted(), [], 'a test has contacted addresses beyond this machine');
});
