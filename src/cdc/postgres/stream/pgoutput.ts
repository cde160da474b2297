import {ServiceError} from '../../../common/errors.ts';
import {NULL, Tuple, UNSENT} from '../../tuple.ts';
import {isUtf8Text} from '../utf8-text.ts';
import {formatLsn} from '../lsn.ts';

/** A message of the logical replication protocol, version 1; oids and xids are unsigned. */
export type PgoutputMessage =
  | BeginMessage
  | CommitMessage
  | RelationMessage
  | ChangeMessage
  | {readonly tag: 'truncate'; readonly relationOids: readonly number[]; readonly options: number}
  | {readonly tag: 'type'; readonly oid: number; readonly schema: string; readonly name: string}
  | {readonly tag: 'origin'; readonly originLsn: bigint; readonly name: string}
  | LogicalMessage;

export interface BeginMessage {
  readonly tag: 'begin';
  /** Where the transaction's commit record starts. */
  readonly commitLsn: bigint;
  /** Microseconds since 1970-01-01 UTC. */
  readonly commitTime: number;
  readonly xid: number;
}

export interface CommitMessage {
  readonly tag: 'commit';
  readonly commitLsn: bigint;
  readonly endLsn: bigint;
  readonly commitTime: number;
}

export interface RelationMessage {
  readonly tag: 'relation';
  readonly oid: number;
  /** `pg_catalog` where the server sends an empty name. */
  readonly schema: string;
  readonly table: string;
  readonly replicaIdentity: 'default' | 'nothing' | 'full' | 'index';
  readonly columns: readonly PgoutputColumn[];
}

export interface PgoutputColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
  /** Part of the replica identity: under FULL, every column. */
  readonly key: boolean;
}

export interface ChangeMessage {
  readonly tag: 'insert' | 'update' | 'delete';
  readonly relationOid: number;
  /** `key`: the old values of the replica identity's columns, null elsewhere. `row`: the whole old row. */
  readonly beforeKind: 'key' | 'row' | undefined;
  readonly before: Tuple | undefined;
  readonly after: Tuple | undefined;
}

export interface LogicalMessage {
  readonly tag: 'message';
  readonly transactional: boolean;
  readonly lsn: bigint;
  readonly prefix: string;
  readonly content: Buffer;
}

/** A column of a row, by its relation and its place there. */
interface RefusedColumn {
  readonly relationOid: number;
  readonly index: number;
}

/** Microseconds from 1970-01-01 to 2000-01-01, where Postgres' clock starts. */
const postgresEpoch = 946_684_800_000_000;

const identities = {d: 'default', n: 'nothing', f: 'full', i: 'index'} as const;

/** What `Buffer` has and its types lack: slices without the checks of `toString`. */
interface FastBuffer extends Buffer {
  utf8Slice(start: number, end: number): string;
}

/**
 * Decodes pgoutput messages, one at a time, out of the buffers that the socket was read into. Rows stay there: nobody
 * writes to them any more.
 *
 * Refused is all that can be known to be wrong: lengths and counts that do not add up to the message, unknown tags and
 * flags, times that no clock shows, bytes that are not UTF-8. A changed byte within a text, a number or an oid is a
 * valid message of another content; TCP's and TLS's checksums are what guards those.
 */
export class PgoutputDecoder {
  #buffer = Buffer.alloc(0) as unknown as FastBuffer;
  #offset = 0;
  #end = 0;
  #lsn = 0n;
  #refusedColumn: RefusedColumn | undefined;

  /** Where in a row the message was refused that was decoded last; undefined elsewhere. */
  get refusedColumn(): RefusedColumn | undefined {
    return this.#refusedColumn;
  }

  /**
   * Decodes `buffer[start, end)`, which came at `lsn`.
   *
   * @throws ServiceError `CDC_PROTOCOL` for anything but one whole, known message.
   */
  decode(buffer: Buffer, start: number, end: number, lsn: bigint): PgoutputMessage {
    this.#buffer = buffer as unknown as FastBuffer;
    this.#offset = start;
    this.#end = end;
    this.#lsn = lsn;
    this.#refusedColumn = undefined;
    const message = this.#message(this.#uint8());
    if (this.#offset !== end) throw this.#fail(`${end - this.#offset} bytes follow the message`);
    return message;
  }

  #message(tag: number): PgoutputMessage {
    switch (tag) {
      case 0x49: // I
        return this.#insert();
      case 0x55: // U
        return this.#update();
      case 0x44: // D
        return this.#delete();
      case 0x42: // B
        return {
          tag: 'begin',
          commitLsn: this.#uint64(),
          commitTime: this.#timestamp(),
          xid: this.#uint32(),
        };
      case 0x43: // C
        this.#expect(0);
        return {
          tag: 'commit',
          commitLsn: this.#uint64(),
          endLsn: this.#uint64(),
          commitTime: this.#timestamp(),
        };
      case 0x52: // R
        return this.#relation();
      case 0x59: // Y
        return {tag: 'type', oid: this.#uint32(), schema: this.#schema(), name: this.#cstring()};
      case 0x54: // T
        return this.#truncate();
      case 0x4d: // M
        return this.#logicalMessage();
      case 0x4f: // O
        return {tag: 'origin', originLsn: this.#uint64(), name: this.#cstring()};
      default:
        throw this.#fail(`unknown message type 0x${tag.toString(16)}`);
    }
  }

  #insert(): ChangeMessage {
    const relationOid = this.#uint32();
    this.#expect(0x4e);
    const after = this.#tuple(relationOid);
    return {tag: 'insert', relationOid, beforeKind: undefined, before: undefined, after};
  }

  #update(): ChangeMessage {
    const relationOid = this.#uint32();
    const kind = this.#uint8();
    if (kind === 0x4e)
      return {
        tag: 'update',
        relationOid,
        beforeKind: undefined,
        before: undefined,
        after: this.#tuple(relationOid),
      };
    const beforeKind = this.#beforeKind(kind);
    const before = this.#tuple(relationOid);
    this.#expect(0x4e);
    return {tag: 'update', relationOid, beforeKind, before, after: this.#tuple(relationOid)};
  }

  #delete(): ChangeMessage {
    const relationOid = this.#uint32();
    const beforeKind = this.#beforeKind(this.#uint8());
    const before = this.#tuple(relationOid);
    return {tag: 'delete', relationOid, beforeKind, before, after: undefined};
  }

  #beforeKind(byte: number): 'key' | 'row' {
    if (byte === 0x4b) return 'key';
    if (byte === 0x4f) return 'row';
    throw this.#fail(`unknown old tuple type 0x${byte.toString(16)}`);
  }

  #tuple(relationOid: number): Tuple {
    const count = this.#uint16();
    const spans: number[] = [];
    try {
      for (let i = 0; i < count; i++) {
        const kind = this.#uint8();
        if (kind === 0x74) {
          const start = this.#skip(this.#uint32());
          if (!isUtf8Text(this.#buffer, start, this.#offset)) throw this.#notUtf8();
          spans.push(start, this.#offset);
        } else if (kind === 0x6e) spans.push(NULL, NULL);
        else if (kind === 0x75) spans.push(UNSENT, UNSENT);
        else throw this.#fail(`unknown column kind 0x${kind.toString(16)}`);
      }
    } catch (error) {
      this.#refusedColumn = {relationOid, index: spans.length / 2};
      throw error;
    }
    return new Tuple(this.#buffer, spans);
  }

  #relation(): RelationMessage {
    const oid = this.#uint32();
    const schema = this.#schema();
    const table = this.#cstring();
    const identity = String.fromCharCode(this.#uint8());
    if (!isIdentity(identity)) throw this.#fail(`unknown replica identity ${identity}`);
    const count = this.#uint16();
    const columns: PgoutputColumn[] = [];
    for (let i = 0; i < count; i++) {
      const key = this.#flag();
      const name = this.#cstring();
      columns.push({name, typeOid: this.#uint32(), typeModifier: this.#uint32() | 0, key});
    }
    return {tag: 'relation', oid, schema, table, replicaIdentity: identities[identity], columns};
  }

  #truncate(): PgoutputMessage {
    const count = this.#uint32();
    const options = this.#uint8();
    if (options > 3) throw this.#fail(`unknown options 0x${options.toString(16)}`);
    const relationOids: number[] = [];
    for (let i = 0; i < count; i++) relationOids.push(this.#uint32());
    return {tag: 'truncate', relationOids, options};
  }

  #logicalMessage(): LogicalMessage {
    const transactional = this.#flag();
    const lsn = this.#uint64();
    const prefix = this.#cstring();
    const start = this.#skip(this.#uint32());
    const content = Buffer.from(this.#buffer.subarray(start, this.#offset));
    return {tag: 'message', transactional, lsn, prefix, content};
  }

  #schema(): string {
    return this.#cstring() || 'pg_catalog';
  }

  /** One bit; the others have no meaning in version 1. */
  #flag(): boolean {
    const flags = this.#uint8();
    if (flags > 1) throw this.#fail(`unknown flags 0x${flags.toString(16)}`);
    return flags === 1;
  }

  /** Moves `size` bytes on; returns where they start. */
  #skip(size: number): number {
    const start = this.#offset;
    if (size > this.#end - start) throw this.#truncated();
    this.#offset = start + size;
    return start;
  }

  #uint8(): number {
    return this.#buffer[this.#skip(1)] as number;
  }

  #uint16(): number {
    const at = this.#skip(2);
    const buffer = this.#buffer;
    return ((buffer[at] as number) << 8) | (buffer[at + 1] as number);
  }

  #uint32(): number {
    return readUint32(this.#buffer, this.#skip(4));
  }

  #uint64(): bigint {
    return readUint64(this.#buffer, this.#skip(8));
  }

  #timestamp(): number {
    const at = this.#skip(8);
    const high = readUint32(this.#buffer, at) | 0;
    const micros = high * 4_294_967_296 + readUint32(this.#buffer, at + 4);
    // Before the year 1714 or after 2255, which a number does not count exactly.
    if (!Number.isSafeInteger(micros) || !Number.isSafeInteger(micros + postgresEpoch))
      throw this.#fail('no clock shows its time');
    return micros + postgresEpoch;
  }

  #cstring(): string {
    const start = this.#offset;
    const end = this.#buffer.indexOf(0, start);
    if (end < 0 || end >= this.#end) throw this.#truncated();
    this.#offset = end + 1;
    return this.#text(start, end);
  }

  #text(start: number, end: number): string {
    if (!isUtf8Text(this.#buffer, start, end)) throw this.#notUtf8();
    return this.#buffer.utf8Slice(start, end);
  }

  #expect(tag: number): void {
    const found = this.#uint8();
    if (found !== tag)
      throw this.#fail(`expected 0x${tag.toString(16)}, found 0x${found.toString(16)}`);
  }

  #notUtf8(): ServiceError {
    return this.#fail(
      'a text is not UTF-8, as a database with the encoding SQL_ASCII may have it; correct the row, or move to a database with the encoding UTF8',
    );
  }

  #truncated(): ServiceError {
    return this.#fail('the message is cut short');
  }

  #fail(reason: string): ServiceError {
    return new ServiceError(
      'CDC_PROTOCOL',
      `unreadable pgoutput message at LSN ${formatLsn(this.#lsn)}: ${reason}`,
    );
  }
}

function isIdentity(value: string): value is keyof typeof identities {
  return Object.hasOwn(identities, value);
}

/** Unsigned, big-endian; the caller has checked the bounds. */
export function readUint32(buffer: Buffer, at: number): number {
  return (
    (((buffer[at] as number) << 24) |
      ((buffer[at + 1] as number) << 16) |
      ((buffer[at + 2] as number) << 8) |
      (buffer[at + 3] as number)) >>>
    0
  );
}

const scratch = new DataView(new ArrayBuffer(8));

/** Unsigned, big-endian; the caller has checked the bounds. Twice as fast as `readBigUInt64BE`. */
export function readUint64(buffer: Buffer, at: number): bigint {
  scratch.setUint32(0, readUint32(buffer, at));
  scratch.setUint32(4, readUint32(buffer, at + 4));
  return scratch.getBigUint64(0);
}
