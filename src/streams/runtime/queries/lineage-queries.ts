import type {ConsumedRecord} from '../../../kafka/client.ts';
import {partitionFor} from '../../../kafka/partitioner.ts';
import {decodeLineage} from '../../../serde/lineage/decode-lineage.ts';
import type {Lineage, ReadStep} from '../../../serde/lineage/decode-lineage.ts';
import {lineageOf} from '../../../serde/lineage/lineage-bytes.ts';
import type {Serializer} from '../../../serde/serde.ts';
import {lineageBytes, rowBytes} from '../../../state/stored-value.ts';
import type {TopicSink} from '../../topic.ts';
import {topicName} from '../topic-names.ts';
import type {LineageAnswer, LineageNode, RecordAnswer, WarehouseRow} from './lineage-answer.ts';
import {lineageNode} from './lineage-node.ts';
import {parseKey, plainValue} from './query-key.ts';
import {QueryError} from './query-error.ts';
import {recordJson} from './record-json.ts';
import {newestRecord, recordAt} from './record-lookup.ts';
import type {StoreReader} from './store-reader.ts';
import type {StoreView} from './store-view.ts';
import type {Caller} from './stored-rows.ts';
import {partitionsOfKey, serdesOf} from './table-queries.ts';
import {groupOf} from './local-rows.ts';
import {waitingRecords} from './waiting-lookup.ts';

/** Records read backwards from the end of a topic where no warehouse says at which offset to look. */
const MAX_SCANNED = 20_000;

/** The port to the warehouses that this process writes to. */
export interface WarehouseRows {
  /** The rows that the record key made, the newest first; nothing where no sink here has the topic. */
  find(topic: string, key: string): Promise<readonly WarehouseRow[]>;
}

export interface LineageOptions {
  readonly reader: StoreReader;
  readonly warehouse: WarehouseRows;
}

/** Says of what is written under a key where it comes from. */
export class LineageQueries {
  readonly #reader: StoreReader;
  readonly #warehouse: WarehouseRows;

  constructor({reader, warehouse}: LineageOptions) {
    this.#reader = reader;
    this.#warehouse = warehouse;
  }

  /** @throws QueryError TOPIC_UNKNOWN, ROW_NOT_FOUND, KEY_INVALID, and what keeps stores from being asked. */
  async of(topic: string, text: string, caller: Caller): Promise<LineageAnswer> {
    const {view} = this.#reader;
    const isTable = view.env.topology.stores.some(
      ({name, published}) => published && name === topic,
    );
    const sink = isTable ? undefined : sinkOf(view, topic);
    const schema = (sink ?? changelogOf(view, topic)).key.schema;
    const key = parseKey(schema, text);
    const notes: string[] = [];
    const [records, waiting] = await Promise.all([
      sink === undefined
        ? this.#rows(topic, key, caller)
        : this.#records(view, sink, key, text, notes),
      waitingRecords(this.#reader, key, caller),
    ]);
    if (records.length === 0 && waiting.length === 0)
      throw new QueryError(
        'not-found',
        'ROW_NOT_FOUND',
        [`Nothing is known of ${text} in ${topic}, and nothing of that id waits.`, ...notes].join(
          ' ',
        ),
      );
    return {
      topic,
      key: plainValue(key),
      records,
      waiting: await Promise.all(
        waiting.map(async ({table, key: row, value, lineage}) => ({
          for: {table, key: row},
          value,
          lineage: await this.#node(view, lineage),
        })),
      ),
      notes,
    };
  }

  /** The row of a table, as its store has it. */
  async #rows(table: string, key: unknown, caller: Caller): Promise<readonly RecordAnswer[]> {
    const {view} = this.#reader;
    const bytes = serdesOf(view, table).key.serialize(key);
    const partitions = partitionsOfKey(view, groupOf(view, table), key);
    const {rows} = await this.#reader.rows(
      {store: table, partitions, from: bytes, to: bytes, limit: 1},
      caller,
    );
    return Promise.all(
      rows.map(async ({partition, value}) => {
        const lineage = lineageBytes(value);
        return {
          partition,
          value: recordJson(rowBytes(value)),
          warehouse: [],
          lineage: await this.#node(view, lineage && decodeLineage(lineage)),
        };
      }),
    );
  }

  /** The records of a topic that a warehouse knows of, or else the newest one that is found in the log. */
  async #records(
    view: StoreView,
    sink: TopicSink<never, never>,
    key: unknown,
    text: string,
    notes: string[],
  ): Promise<readonly RecordAnswer[]> {
    const {kafka, plan, applicationId, topicSerdes} = view.env;
    const topic = topicName(applicationId, sink);
    const keys = topicSerdes.sinks.get(sink.name)?.key as Serializer<unknown>;
    const bytes = keys.serialize(key);
    const found: RecordAnswer[] = [];
    for (const rows of byRecord(await this.#warehouse.find(topic, text))) {
      const [{partition, offset, sink: first}] = rows;
      const record = await recordAt(kafka, {topic, partition}, offset);
      if (record === undefined) {
        notes.push(
          `The row of ${topic}-${partition}@${offset} is in the warehouse (sink ${first}), but the record is gone from the topic: its lineage went with it (retention.ms).`,
        );
      } else if (record.key?.equals(bytes) === true) {
        found.push(await this.#record(view, partition, record, rows));
      }
    }
    if (found.length > 0) return found;
    const partition = partitionFor(bytes, plan.partitions.get(topic) ?? 1);
    const record = await newestRecord(kafka, {topic, partition}, bytes, MAX_SCANNED);
    if (record !== undefined) return [await this.#record(view, partition, record, [])];
    notes.push(
      `It is in no warehouse that this process writes to, and not among the last ${MAX_SCANNED} offsets of ${topic}-${partition}.`,
    );
    return [];
  }

  async #record(
    view: StoreView,
    partition: number,
    {offset, value, headers}: ConsumedRecord,
    warehouse: readonly WarehouseRow[],
  ): Promise<RecordAnswer> {
    const lineage = lineageOf(headers);
    return {
      partition,
      offset,
      value: value === null ? null : recordJson(value),
      warehouse,
      lineage: await this.#node(view, lineage && decodeLineage(lineage)),
    };
  }

  async #node({env}: StoreView, lineage: Lineage | undefined): Promise<LineageNode | null> {
    if (lineage === undefined) return null;
    return lineageNode(lineage, async ({topic, partition, offset}: ReadStep) => {
      const record = await recordAt(env.kafka, {topic, partition}, offset);
      const value = record?.value ?? null;
      return value === null ? null : recordJson(value);
    });
  }
}

function sinkOf({env}: StoreView, topic: string): TopicSink<never, never> {
  const sinks = env.topology.nodes.flatMap((node) => (node.kind === 'sink' ? [node.topic] : []));
  const written = sinks.filter(({name}) => env.topicSerdes.sinks.has(name));
  const found = written.find(({name}) => name === topic);
  if (found !== undefined) return found;
  const tables = env.topology.stores.filter(({published}) => published).map(({name}) => name);
  const names = [...new Set([...written.map(({name}) => name), ...tables])].join(', ');
  throw new QueryError(
    'not-found',
    'TOPIC_UNKNOWN',
    `The topology does not write ${topic}; it writes ${names}.`,
  );
}

function changelogOf({env}: StoreView, table: string): TopicSink<never, never> {
  return env.topology.stores.find(({name}) => name === table)?.changelog as TopicSink<never, never>;
}

type WarehouseRowsOfRecord = readonly [WarehouseRow, ...WarehouseRow[]];

/** The rows that one record made in several warehouses, together. */
function byRecord(rows: readonly WarehouseRow[]): readonly WarehouseRowsOfRecord[] {
  const records = new Map<string, [WarehouseRow, ...WarehouseRow[]]>();
  for (const row of rows) {
    const record = `${row.partition}@${row.offset}`;
    const others = records.get(record);
    if (others === undefined) records.set(record, [row]);
    else others.push(row);
  }
  return [...records.values()];
}
