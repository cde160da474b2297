import {jsonMembers} from '../serde/json-members.ts';
import {schemaIdOf} from '../serde/json-sr-serde.ts';
import {parseJsonSchema} from '../serde/parse-json-schema.ts';
import type {SchemaRegistry} from '../serde/registry/schema-registry.ts';
import type {Schema} from '../serde/schema.ts';
import {UnreadableRecordError} from '../serde/serde.ts';
import type {ConsumedRecord} from '../kafka/client.ts';
import {registeredLayout} from './registered-layout.ts';
import type {RegisteredLayout} from './registered-layout.ts';
import type {SinkEntry, UnreadableEntry} from './record-converter.ts';
import {tableDefinition} from './table-definition.ts';
import type {TableDefinition} from './table-definition.ts';
import type {InsertMode} from './warehouse-sink.ts';
import {widerTable} from './wider-table.ts';

export interface RegisteredConverterOptions {
  readonly topic: string;
  /** Of the table. */
  readonly name: string;
  readonly insertMode: InsertMode;
  /** Whether a tombstone, or the change event of a delete, removes its row; in append mode none does. */
  readonly deletes: boolean;
  /** Whether rows have the record that they come from. */
  readonly keepsRecords: boolean;
  readonly registry: Pick<SchemaRegistry, 'byId'>;
}

const headerLength = 5;

/** Garbage read as ids must not fill the memory. */
const maxUnknown = 1000;

const keyOfAnyKind: Schema = {type: 'VARCHAR', nullable: true};

/**
 * Makes rows of a topic that is not declared: its columns are those of the schemas that its records name. The values stay
 * bytes; of a change event's envelope the row is cut out, and a delete makes a row without a value.
 *
 * A row names the table that it needs, which only grows: a column that a later schema lacks, or has with another type,
 * stays as it was.
 */
export class RegisteredConverter {
  readonly #options: RegisteredConverterOptions;
  readonly #deletes: boolean;
  readonly #texts = new Map<number, string>();
  readonly #unknown = new Set<number>();
  readonly #layouts = new Map<number, RegisteredLayout>();
  readonly #keys = new Map<number, Schema>();
  /** Pairs of schema ids whose columns the table has. */
  readonly #included = new Set<string>();
  #table: TableDefinition | undefined;

  constructor(options: RegisteredConverterOptions) {
    this.#options = options;
    this.#deletes = options.deletes && options.insertMode === 'upsert';
  }

  /** What the rows so far need; undefined before the first. */
  get table(): TableDefinition | undefined {
    return this.#table;
  }

  /** @throws FatalError SINK_TABLE_MISMATCH for a schema whose columns no table can have. */
  async convert(records: readonly ConsumedRecord[]): Promise<readonly SinkEntry[]> {
    for (const {key, value} of records) {
      for (const bytes of [key, value]) {
        const id = bytes === null ? undefined : schemaIdOf(bytes);
        if (id !== undefined && !this.#texts.has(id) && !this.#unknown.has(id))
          await this.#lookUp(id);
      }
    }
    return records.map((record) => this.#entry(record));
  }

  async #lookUp(id: number): Promise<void> {
    const text = await this.#options.registry.byId(id);
    if (text !== undefined) {
      this.#texts.set(id, text);
      return;
    }
    if (this.#unknown.size >= maxUnknown) this.#unknown.clear();
    this.#unknown.add(id);
  }

  #entry(record: ConsumedRecord): SinkEntry {
    const {offset, timestamp} = record;
    const bytes = (record.key?.length ?? 0) + (record.value?.length ?? 0);
    let side: UnreadableEntry['side'] = 'value';
    try {
      const value = record.value === null ? null : this.#value(record.value);
      if (value === 'nothing' || (value === null && !this.#deletes))
        return {kind: 'tombstone', offset, bytes};
      side = 'key';
      const key = this.#key(record.key);
      if (record.value !== null) this.#include(record.key, record.value);
      const kept = this.#options.keepsRecords ? record : undefined;
      return {kind: 'row', offset, bytes, key, value, timestamp, record: kept, table: this.#table};
    } catch (error) {
      if (!(error instanceof UnreadableRecordError)) throw error;
      return {kind: 'unreadable', offset, bytes, record, side, error};
    }
  }

  /** The row's JSON; null for a delete, `nothing` for an event that is about no row. */
  #value(bytes: Buffer): Buffer | null | 'nothing' {
    const {form, hasDeleted} = this.#layout(bytes);
    if (form === 'flat') {
      const isDeleted =
        hasDeleted &&
        this.#deletes &&
        members(bytes, ['__deleted']).__deleted?.equals(deleted) === true;
      return isDeleted ? null : bytes.subarray(headerLength);
    }
    const {op, after} = members(bytes, ['after', 'op']);
    if (op?.equals(opDelete) === true) return null;
    return after === undefined || after[0] !== openBrace ? 'nothing' : after;
  }

  #layout(bytes: Buffer): RegisteredLayout {
    const {id, text} = this.#schema(bytes);
    const layout = this.#layouts.get(id) ?? registeredLayout(text);
    this.#layouts.set(id, layout);
    return layout;
  }

  #schema(bytes: Buffer): {readonly id: number; readonly text: string} {
    const id = schemaIdOf(bytes);
    if (id === undefined)
      throw new UnreadableRecordError('it does not begin with the header of JSON_SR');
    const text = this.#texts.get(id);
    if (text === undefined)
      throw new UnreadableRecordError(`the schema registry does not know its schema id ${id}`);
    return {id, text};
  }

  /** The text of a string, else the key's JSON; of keys of other formats their text. */
  #key(bytes: Buffer | null): string | null {
    if (bytes === null) {
      if (this.#options.insertMode === 'append') return null;
      throw new UnreadableRecordError('it is null, and "insert.mode: upsert" needs one');
    }
    const hasHeader = bytes[0] === 0;
    if (hasHeader) this.#schema(bytes);
    const text = bytes.toString('utf8', hasHeader ? headerLength : 0);
    if (!text.startsWith('"')) return text;
    try {
      return JSON.parse(text) as string;
    } catch {
      return text;
    }
  }

  /** Adds what the record's schemas have to the table. */
  #include(key: Buffer | null, value: Buffer): void {
    const keyId = key === null || key[0] !== 0 ? undefined : schemaIdOf(key);
    const pair = `${keyId} ${schemaIdOf(value)}`;
    if (this.#included.has(pair)) return;
    const {topic, name} = this.#options;
    const needed = tableDefinition({
      name: topic,
      key: {name: 'JSON_SR', schema: this.#keySchema(keyId)},
      value: {name: 'JSON_SR', schema: this.#layout(value).row},
    });
    this.#table = this.#table === undefined ? {...needed, name} : widerTable(this.#table, needed);
    this.#included.add(pair);
  }

  #keySchema(id: number | undefined): Schema {
    if (id === undefined) return keyOfAnyKind;
    const schema = this.#keys.get(id) ?? parseJsonSchema(this.#texts.get(id) ?? '') ?? keyOfAnyKind;
    this.#keys.set(id, schema);
    return schema;
  }
}

const openBrace = 0x7b;
const opDelete = Buffer.from('"d"');
const deleted = Buffer.from('"true"');

function members<const N extends string>(
  bytes: Buffer,
  names: readonly N[],
): Readonly<Partial<Record<N, Buffer>>> {
  const found = jsonMembers(bytes, headerLength, names);
  if (found === undefined) throw new UnreadableRecordError('it is no JSON object');
  return found;
}
