import type {Connection, Submittable} from 'pg';
import {ServiceError} from '../../../common/errors.ts';

export interface CopyStreamHandlers {
  /** One CopyData payload, `buffer[start, end)`; valid during the call only. */
  readonly onData: (buffer: Buffer, start: number, end: number) => void;
  /** After the messages of one read from the socket, which brought `bytes`. */
  readonly onChunk: (bytes: number) => void;
  /** Where the stream stands, for an error about bytes that belong to no message: `after LSN 0/1F`. */
  readonly where: () => string;
  /** Once: without an error when the command has completed, else why it or the connection ended. */
  readonly onEnd: (error: Error | undefined) => void;
}

/** The part of `pg`'s parser that is bypassed: messages start with a type byte and a length that includes itself. */
const headerSize = 5;
const copyData = 0x64;
const readyForQuery = 0x5a;
/** CopyBoth, CopyOut, CopyDone, CommandComplete, ready, error, notice, parameter, and the rows that end a timeline. */
const expected = new Set(Buffer.from('WHdcCZENSTD'));
/** Postgres' own limit of a message, `MaxAllocSize`. */
const maxMessageBytes = 0x3fff_ffff;

type Listener = (chunk: Buffer) => void;

/**
 * A command that answers with CopyData: `COPY … TO STDOUT`, `START_REPLICATION`.
 *
 * It reads the socket itself, because an event and two objects per message cost more than decoding a row; everything
 * but CopyData goes back to `pg`. Holding takes effect at once, also in the middle of a read.
 */
export class CopyStream implements Submittable {
  readonly #command: string;
  readonly #handlers: CopyStreamHandlers;
  #connection: Connection | undefined;
  #listeners: Listener[] = [];
  /** What was read and not handled yet; handled again once it holds `#needed` bytes. */
  #parts: Buffer[] = [];
  #size = 0;
  #needed = headerSize;
  #held = false;
  #ended = false;
  #discarding = false;

  constructor(command: string, handlers: CopyStreamHandlers) {
    this.#command = command;
    this.#handlers = handlers;
  }

  /** Stops handing out messages and reading from the socket. */
  hold(): void {
    this.#held = true;
    this.#connection?.stream.pause();
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    if (this.#size > 0) this.#handle();
    // Handling what was kept may hold again.
    if (!this.#held) this.#connection?.stream.resume();
  }

  /** Reads on, for the end of the connection only. */
  discard(): void {
    this.#discarding = true;
    this.#held = false;
    this.#connection?.stream.resume();
  }

  // What follows is called by `pg`.

  submit(connection: Connection): void {
    this.#connection = connection;
    this.#listeners = connection.stream.listeners('data') as Listener[];
    connection.stream.removeAllListeners('data');
    connection.stream.on('data', this.#receive);
    connection.query(this.#command);
  }

  handleError(error: Error): void {
    this.#end(error);
  }

  handleReadyForQuery(): void {
    this.#end(undefined);
  }

  handleCommandComplete(): void {}

  handleRowDescription(): void {}

  handleDataRow(): void {}

  handleEmptyQuery(): void {}

  readonly #receive = (chunk: Buffer): void => {
    if (this.#discarding) return;
    this.#parts.push(chunk);
    this.#size += chunk.length;
    if (!this.#held && this.#size >= this.#needed) this.#handle();
  };

  #handle(): void {
    // Of the read, also where it is held in the middle of it: how much comes at once is what tells a busy stream.
    const bytes = this.#size;
    while (!this.#held && this.#size >= this.#needed) {
      const buffer = this.#next();
      let offset = 0;
      try {
        offset = this.#handleMessages(buffer);
      } catch (error) {
        this.#end(error as Error);
        this.#connection?.stream.destroy();
        return;
      }
      if (offset === buffer.length) continue;
      this.#parts.unshift(offset === 0 ? buffer : buffer.subarray(offset));
      this.#size += buffer.length - offset;
    }
    this.#handlers.onChunk(bytes);
  }

  /** Takes the first part; of a message that continues in the next ones just that message, so that the others need not be copied. */
  #next(): Buffer {
    const [first] = this.#parts as [Buffer];
    if (first.length >= this.#needed) {
      this.#parts.shift();
      this.#size -= first.length;
      return first;
    }
    const message = Buffer.allocUnsafe(this.#needed);
    let at = 0;
    while (at < message.length) {
      const part = this.#parts.shift() as Buffer;
      const copied = part.copy(message, at);
      at += copied;
      if (copied < part.length) this.#parts.unshift(part.subarray(copied));
    }
    this.#size -= message.length;
    return message;
  }

  /**
   * Handles the whole messages of `buffer` until held; returns where the rest starts.
   *
   * @throws ServiceError `CDC_PROTOCOL` where no message starts that belongs here: nothing after it can be told apart.
   */
  #handleMessages(buffer: Buffer): number {
    const {onData} = this.#handlers;
    let offset = 0;
    this.#needed = headerSize;
    while (buffer.length - offset >= headerSize) {
      const type = buffer[offset] as number;
      const size = 1 + buffer.readUInt32BE(offset + 1);
      if (!expected.has(type) || size < headerSize || size > maxMessageBytes)
        throw new ServiceError(
          'CDC_PROTOCOL',
          `unreadable message of type 0x${type.toString(16)} and ${size} bytes ${this.#handlers.where()}`,
        );
      this.#needed = size;
      if (buffer.length - offset < size || this.#held) break;
      if (type === readyForQuery) {
        this.#handBack(buffer.subarray(offset));
        return buffer.length;
      }
      if (type === copyData) onData(buffer, offset + headerSize, offset + size);
      else this.#forward(buffer.subarray(offset, offset + size));
      offset += size;
      this.#needed = headerSize;
    }
    return offset;
  }

  /** The socket is `pg`'s again, from the end of the command on. */
  #handBack(rest: Buffer): void {
    const stream = this.#connection?.stream;
    stream?.off('data', this.#receive);
    for (const listener of this.#listeners) stream?.on('data', listener);
    for (const part of [rest, ...this.#parts]) this.#forward(part);
    this.#parts = [];
    this.#size = 0;
  }

  #forward(bytes: Buffer): void {
    for (const listener of this.#listeners) listener(bytes);
  }

  #end(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handlers.onEnd(error);
  }
}
