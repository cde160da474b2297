import {partitionFor} from '../../../kafka/partitioner.ts';
import {UnreadableRecordError} from '../../../serde/serde.ts';
import {rowBytes} from '../../../state/stored-value.ts';
import type {StoreSpec} from '../../topology/node.ts';
import type {TaskGroup} from '../task-plan.ts';
import {changelogName} from '../topic-names.ts';
import type {KeyValueSerdes} from '../topic-serdes.ts';
import {groupOf} from './local-rows.ts';
import {keyText, parseKey, plainValue} from './query-key.ts';
import {QueryError} from './query-error.ts';
import type {StoreReader} from './store-reader.ts';
import type {StoreView} from './store-view.ts';
import type {Caller, StoredRow, StoredRows} from './stored-rows.ts';

/** A table that can be asked. */
export interface TableDescription {
  readonly table: string;
  readonly partitions: number;
  /** Types of the key and of its columns, where it has any. */
  readonly key: object;
  readonly columns: Readonly<Record<string, string>>;
}

export interface TableRow {
  readonly key: unknown;
  readonly row: unknown;
}

/** One row, and how far its table had read its changelog. */
export interface TableAnswer extends TableRow {
  readonly table: string;
  readonly topic: string;
  readonly partition: number;
  /** Everything before this offset of the topic's partition is in the answer. */
  readonly offset: number;
}

export interface TableRange {
  readonly table: string;
  readonly rows: readonly TableRow[];
  /** Where to go on with `from`; null where nothing is left. */
  readonly next: string | null;
}

export interface RangeRequest {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly limit: number;
}

/** Pull queries over the topology's tables: what is committed, never what a crash could take back. */
export class TableQueries {
  readonly #reader: StoreReader;

  constructor(reader: StoreReader) {
    this.#reader = reader;
  }

  tables(): readonly TableDescription[] {
    const {view} = this.#reader;
    return view.env.topology.stores.filter(isTable).map((spec) => ({
      table: spec.name,
      partitions: groupOf(view, spec.name).partitions,
      key: types(spec.changelog.key.schema),
      columns: types(spec.changelog.value.schema),
    }));
  }

  /** @throws QueryError ROW_NOT_FOUND and whatever else keeps it from being answered. */
  async get(table: string, text: string, caller: Caller): Promise<TableAnswer> {
    const {view} = this.#reader;
    const spec = tableOf(view, table);
    const serdes = serdesOf(view, table);
    const key = parseKey(spec.changelog.key.schema, text);
    const bytes = serdes.key.serialize(key);
    const partitions = partitionsOfKey(view, groupOf(view, table), key);
    const found = await this.#reader.rows(
      {store: table, partitions, from: bytes, to: bytes, limit: 1},
      caller,
    );
    const [row] = found.rows;
    if (row === undefined)
      throw new QueryError('not-found', 'ROW_NOT_FOUND', `Table ${table} has no row ${text}.`);
    return {
      table,
      topic: changelogName(view.env.applicationId, spec),
      partition: row.partition,
      offset: found.offsets.get(row.partition) ?? 0,
      ...(await tableRow(view, spec, row)),
    };
  }

  /** Rows in the order of their serialized keys, of all partitions. */
  async range(table: string, request: RangeRequest, caller: Caller): Promise<TableRange> {
    const {view} = this.#reader;
    const spec = tableOf(view, table);
    const {key: keys} = serdesOf(view, table);
    const schema = spec.changelog.key.schema;
    const [from, to] = [request.from, request.to].map((text) =>
      text === undefined ? undefined : keys.serialize(parseKey(schema, text)),
    );
    const {rows}: StoredRows = await this.#reader.rows(
      {
        store: table,
        partitions: this.#reader.partitionsOf(table),
        from,
        to,
        limit: request.limit + 1,
      },
      caller,
    );
    const following = rows[request.limit];
    return {
      table,
      rows: await Promise.all(rows.slice(0, request.limit).map((row) => tableRow(view, spec, row))),
      next: following === undefined ? null : keyText(schema, keys.deserialize(following.key)),
    };
  }
}

/** Tables have topics that others may read; what waits, or orders records, is the engine's own. */
function isTable({published}: StoreSpec): boolean {
  return published;
}

/** @throws QueryError TABLE_UNKNOWN */
export function tableOf({env}: StoreView, table: string): StoreSpec {
  const tables = env.topology.stores.filter(isTable);
  const found = tables.find(({name}) => name === table);
  if (found !== undefined) return found;
  const names = tables.map(({name}) => name).join(', ');
  throw new QueryError(
    'not-found',
    'TABLE_UNKNOWN',
    `There is no table ${table}; there are ${names}.`,
  );
}

export function serdesOf({env}: StoreView, store: string): KeyValueSerdes {
  return env.topicSerdes.stores.get(store) as KeyValueSerdes;
}

/**
 * The partitions that can have the key: the one that the records went to by it, in the format of the topic that they
 * are read from; all of them where another writes that topic, in a way of its own.
 */
export function partitionsOfKey(
  {env}: StoreView,
  group: TaskGroup,
  key: unknown,
): readonly number[] {
  if (group.partitions === 1) return [0];
  const written = group.sources.map(({topic}) => env.topicSerdes.sinks.get(topic.name));
  const serializer = written.find((found) => found !== undefined)?.key;
  if (serializer === undefined) return Array.from({length: group.partitions}, (_, i) => i);
  return [partitionFor(serializer.serialize(key), group.partitions)];
}

async function tableRow(view: StoreView, spec: StoreSpec, row: StoredRow): Promise<TableRow> {
  const {key: keys, value: values} = serdesOf(view, spec.name);
  const key = plainValue(keys.deserialize(row.key));
  const bytes = rowBytes(row.value);
  try {
    return {key, row: plainValue(values.deserialize(bytes))};
  } catch (error) {
    if (!(error instanceof UnreadableRecordError)) throw error;
    // Another instance may have met schema ids that this one has not.
    await view.env.serdes.resolve(spec.changelog.value, [bytes]);
    return {key, row: plainValue(values.deserialize(bytes))};
  }
}

function types({type, fields}: StoreSpec['changelog']['key']['schema']): Record<string, string> {
  if (fields === undefined) return {type};
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.type]));
}
