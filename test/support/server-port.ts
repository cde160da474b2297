import {randomBytes} from 'node:crypto';
import {appendFileSync, readFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const FIRST_PORT = 20_000;
const PORTS = 12_000;

/** A ticket a port that was ever given out, by any process of this user. */
const ticketFile = join(tmpdir(), `millrace-test-ports-${process.getuid?.() ?? 'user'}`);
const TICKET_BYTES = 8;

/**
 * A TCP port of 127.0.0.1 that nothing listens on, for a server whose port must stay free until it starts and while it is down.
 *
 * No other caller is given it, in no process, until 12,000 more were asked for: that it is free says nothing of who is about
 * to listen there.
 *
 * Below the ports that a system gives to outgoing connections (from 32768 on Linux, 49152 elsewhere): among those, a client
 * that retries a dead server's port may be given that very port, connects to itself and keeps the server from coming back.
 */
export async function serverPort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + (drawNumber() % PORTS);
    if (await isFree(port)) return port;
  }
}

/** Unique without a lock: appends are atomic, and the place of one's own ticket is its number. */
function drawNumber(): number {
  const ticket = randomBytes(TICKET_BYTES);
  appendFileSync(ticketFile, ticket);
  const tickets = readFileSync(ticketFile);
  for (let at = tickets.length - TICKET_BYTES; at >= 0; at -= TICKET_BYTES)
    if (ticket.equals(tickets.subarray(at, at + TICKET_BYTES))) return at / TICKET_BYTES;
  throw new Error(`${ticketFile} was written by something else: remove it`);
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
