import type {Client} from 'pg';
import type {Clock} from '../../../common/clock.ts';
import {RetriableError, ServiceError} from '../../../common/errors.ts';
import {connectionOf, isEncrypted, terminate} from '../connection/connection.ts';
import {CopyStream} from './copy-stream.ts';
import {checkIntervalMs, livenessAction} from './liveness.ts';
import type {LivenessTimings} from './liveness.ts';
import {formatLsn} from '../lsn.ts';
import {readUint64} from './pgoutput.ts';
import {ReadPacer} from './read-pacer.ts';

export interface ReplicationHandlers {
  /** The server has accepted the slot and the position. */
  readonly onStart: () => void;
  /** A pgoutput message, `buffer[start, end)`, that came at `walStart`; valid during the call only. */
  readonly onMessage: (buffer: Buffer, start: number, end: number, walStart: bigint) => void;
  /** The server has sent everything up to `walEnd`. */
  readonly onKeepalive: (walEnd: bigint) => void;
  /** After the messages of one read from the socket. */
  readonly onChunk: () => void;
  /** Once: why the stream ended. */
  readonly onEnd: (error: Error) => void;
}

export interface ReplicationStart {
  readonly slot: string;
  readonly publication: string;
  readonly from: bigint;
  /** What was confirmed before, so that the first report does not say less. */
  readonly confirmed: bigint;
  readonly timings: LivenessTimings;
}

const xLogData = 0x77;
const keepalive = 0x6b;
const xLogDataHeader = 25;
const keepaliveSize = 18;
/** `r`, written, flushed, applied, client time, reply requested. */
const statusSize = 34;
/** Microseconds from 1970-01-01 to 2000-01-01, where Postgres' clock starts. */
const postgresEpoch = 946_684_800_000_000;
/** A confirmation is told at once, but no more often than this. */
const confirmIntervalMs = 500;
/** How long the server may take to end the connection by itself. */
const farewellMs = 1_000;

/** The `CopyBoth` stream of one walsender: messages in, confirmed positions out. Owns `client` from now on. */
export class ReplicationClient {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #handlers: ReplicationHandlers;
  readonly #timings: LivenessTimings;
  readonly #copy: CopyStream;
  readonly #holders = new Set<string>();
  readonly #pacer = new ReadPacer();
  /** TLS hands out record by record, a message each, however many one read has brought: pauses leave 650 rows/s of 85,000. */
  readonly #isPaced: boolean;
  readonly #stopTimer: () => void;
  #confirmed: bigint;
  #received = 0n;
  #lastReceivedAt: number;
  #lastStatusAt = 0;
  #closed = false;

  constructor(
    client: Client,
    start: ReplicationStart,
    clock: Clock,
    handlers: ReplicationHandlers,
  ) {
    this.#client = client;
    this.#isPaced = !isEncrypted(client);
    this.#clock = clock;
    this.#handlers = handlers;
    this.#timings = start.timings;
    this.#confirmed = start.confirmed;
    this.#lastReceivedAt = clock.now();
    this.#copy = new CopyStream(startCommand(start), {
      onData: (buffer, from, to) => this.#onData(buffer, from, to),
      onChunk: (bytes) => this.#onChunk(bytes),
      where: () => this.#where(),
      onEnd: (error) =>
        this.#end(
          error ?? new RetriableError('CDC_CONNECTION_FAILED', 'the server ended the stream'),
        ),
    });
    connectionOf(client).once('replicationStart', handlers.onStart);
    client.query(this.#copy);
    this.#stopTimer = clock.every(checkIntervalMs(start.timings), () => this.#onTimer());
  }

  /** WAL position of the last message. */
  get received(): bigint {
    return this.#received;
  }

  /** Stops reading for `who`, at once; reports to the server go on. */
  hold(who: string): void {
    if (this.#holders.size === 0) this.#copy.hold();
    this.#holders.add(who);
  }

  /** Reads on once nobody holds. */
  release(who: string): void {
    if (!this.#holders.delete(who) || this.#holders.size > 0 || this.#closed) return;
    this.#lastReceivedAt = this.#clock.now();
    this.#copy.release();
  }

  /** `lsn` is the end of something durable, unmodified: one more byte would skip an adjacent transaction. */
  confirm(lsn: bigint): void {
    if (lsn <= this.#confirmed) return;
    this.#confirmed = lsn;
    if (this.#clock.now() - this.#lastStatusAt >= confirmIntervalMs) this.#sendStatus(false);
  }

  /** Tells the server what is confirmed and leaves; the slot is free once the server has noticed. */
  async close(): Promise<void> {
    if (!this.#closed && this.#lastStatusAt > 0) this.#sendStatus(false);
    this.#closed = true;
    this.#stopTimer();
    const ended = this.#client.end().catch(() => undefined);
    // A held socket would never see the server's end of the connection.
    this.#copy.discard();
    const waited = new AbortController();
    await Promise.race([
      ended.finally(() => waited.abort()),
      this.#clock.sleep(farewellMs, waited.signal),
    ]);
    terminate(this.#client);
  }

  #onData(buffer: Buffer, start: number, end: number): void {
    const kind = buffer[start];
    if (kind === xLogData && end - start >= xLogDataHeader) {
      const walStart = readUint64(buffer, start + 1);
      if (walStart > this.#received) this.#received = walStart;
      this.#handlers.onMessage(buffer, start + xLogDataHeader, end, walStart);
    } else if (kind === keepalive && end - start === keepaliveSize) {
      const walEnd = readUint64(buffer, start + 1);
      if (walEnd > this.#received) this.#received = walEnd;
      this.#handlers.onKeepalive(walEnd);
      if (buffer[start + 17] === 1) this.#sendStatus(false);
    } else {
      throw new ServiceError(
        'CDC_PROTOCOL',
        `unreadable replication message of type ${kind} and ${end - start} bytes ${this.#where()}`,
      );
    }
  }

  #where(): string {
    return `after LSN ${formatLsn(this.#received)}`;
  }

  #onChunk(bytes: number): void {
    const now = this.#clock.now();
    this.#lastReceivedAt = now;
    this.#handlers.onChunk();
    if (!this.#isPaced) return;
    const pauseMs = this.#pacer.afterRead(now, bytes);
    if (pauseMs > 0) void this.#pause(pauseMs);
  }

  async #pause(ms: number): Promise<void> {
    this.hold('pacer');
    await this.#clock.sleep(ms);
    this.release('pacer');
  }

  #onTimer(): void {
    const now = this.#clock.now();
    const holding = this.#holders.size > 0;
    const {statusIntervalMs} = this.#timings;
    const action = livenessAction(
      this.#timings,
      now,
      this.#lastStatusAt,
      this.#lastReceivedAt,
      holding,
    );
    if (action === 'dead') {
      terminate(this.#client);
      const seconds = Math.round((now - this.#lastReceivedAt) / 1000);
      this.#end(
        new RetriableError('CDC_CONNECTION_FAILED', `the server was silent for ${seconds} s`),
      );
    } else if (action === 'status') {
      // Our reports keep the server from asking for them, which is when it would show that it lives.
      this.#sendStatus(now - this.#lastReceivedAt >= statusIntervalMs / 2);
    }
  }

  #sendStatus(replyRequested: boolean): void {
    const message = Buffer.allocUnsafe(statusSize);
    message[0] = 0x72;
    message.writeBigUInt64BE(this.#received, 1);
    message.writeBigUInt64BE(this.#confirmed, 9);
    message.writeBigUInt64BE(this.#confirmed, 17);
    message.writeBigInt64BE(BigInt(this.#clock.nowMicros() - postgresEpoch), 25);
    message[33] = replyRequested ? 1 : 0;
    this.#lastStatusAt = this.#clock.now();
    connectionOf(this.#client).sendCopyFromChunk(message);
  }

  #end(error: Error): void {
    this.#stopTimer();
    if (this.#closed) return;
    this.#closed = true;
    this.#handlers.onEnd(error);
  }
}

function startCommand({slot, publication, from}: ReplicationStart): string {
  // A name in a list inside of a literal: quoted as an identifier, then as text.
  const names = `"${publication.replaceAll('"', '""')}"`.replaceAll("'", "''");
  return `START_REPLICATION SLOT "${slot}" LOGICAL ${formatLsn(from)} (proto_version '1', publication_names '${names}', messages 'true')`;
}
