import {array, bigint, notNull, nullable, struct, varchar} from '../../serde/schema.ts';
import type {Schema} from '../../serde/schema.ts';
import type {DebeziumProfile} from './debezium-profile.ts';
import type {EventKey} from './event-key.ts';
import type {EventTopic} from './event-topic.ts';
import type {EventTopics, SchemaHeaders} from './event-topics.ts';
import type {RecordSink} from './record-collector.ts';

export interface TransactionMetadataParts {
  /** `<topic.prefix>.<topic.transaction>`. */
  readonly topicName: string;
  readonly profile: DebeziumProfile;
  readonly topics: EventTopics;
  readonly key: EventKey;
  readonly sink: RecordSink;
}

/**
 * `provide.transaction.metadata`: counts the events of each transaction, and writes its BEGIN and END records.
 *
 * The id is `<xid>:<lsn>` as Debezium 3 has it: the LSN is that of the event itself, in BEGIN that of the first one and in
 * END the end of the transaction, so ids are compared up to the colon. Debezium 1.9's is the xid alone. A transaction
 * without events has no records.
 */
export class TransactionMetadata {
  readonly #parts: TransactionMetadataParts;
  readonly #counts = new Map<string, number>();
  #topic: EventTopic | undefined;
  #headers: SchemaHeaders | undefined;
  #xid = 0;
  #committedMs = 0;
  #total = 0;

  constructor(parts: TransactionMetadataParts) {
    this.#parts = parts;
  }

  /** Makes the topic and registers its schemas; before everything else. */
  async prepare(): Promise<void> {
    const {topics, topicName, profile} = this.#parts;
    this.#topic = await topics.topic(topicName, undefined);
    this.#headers = await topics.schemaHeaders(this.#topic, transactionSchemas[profile]);
  }

  /** `commitTime` in microseconds. */
  begin(xid: number, commitTime: number): void {
    this.#xid = xid;
    this.#committedMs = Math.floor(commitTime / 1000);
    this.#total = 0;
    this.#counts.clear();
  }

  /**
   * The transaction block of the next event, as JSON; `collection` is its `schema.table`. Before that event is begun: a
   * record may have to stand before it.
   */
  event(collection: string, lsn: bigint): string {
    if (this.#total === 0) this.#append('BEGIN', lsn, 'null', 'null');
    this.#total++;
    const order = (this.#counts.get(collection) ?? 0) + 1;
    this.#counts.set(collection, order);
    return `{"id":"${this.#id(lsn)}","total_order":${this.#total},"data_collection_order":${order}}`;
  }

  end(endLsn: bigint): void {
    if (this.#total === 0) return;
    const counts = [...this.#counts].map(
      ([collection, count]) =>
        `{"data_collection":${JSON.stringify(collection)},"event_count":${count}}`,
    );
    this.#append('END', endLsn, String(this.#total), `[${counts.join(',')}]`);
  }

  #id(lsn: bigint): string {
    return this.#parts.profile === '1' ? String(this.#xid) : `${this.#xid}:${lsn}`;
  }

  #append(status: 'BEGIN' | 'END', lsn: bigint, count: string, collections: string): void {
    const {key, sink, profile} = this.#parts;
    const topic = this.#topic as EventTopic;
    const headers = this.#headers as SchemaHeaders;
    const id = this.#id(lsn);
    const time = profile === '1' ? '' : `,"ts_ms":${this.#committedMs}`;
    key.write(headers.key, `{"id":"${id}"}`);
    const value = sink.begin(key.targetIn(topic), this.#committedMs, key);
    value.bytes(headers.value);
    value.text(
      `{"status":"${status}","id":"${id}","event_count":${count},"data_collections":${collections}${time}}`,
    );
    sink.end([]);
  }
}

const collectionFields = {data_collection: notNull(varchar()), event_count: notNull(bigint())};

const fields = {
  status: notNull(varchar()),
  id: notNull(varchar()),
  event_count: bigint(),
};

const keyName = 'io.debezium.connector.common.TransactionMetadataKey';
const valueName = 'io.debezium.connector.common.TransactionMetadataValue';

/** Of BEGIN and END records. */
export const transactionSchemas: Readonly<
  Record<DebeziumProfile, {readonly key: Schema; readonly value: Schema}>
> = {
  3: {
    key: struct({id: notNull(varchar())}, {name: keyName, version: 1}),
    value: struct(
      {
        ...fields,
        data_collections: array(
          nullable(struct(collectionFields, {name: 'event.collection', version: 1})),
        ),
        ts_ms: notNull(bigint()),
      },
      {name: valueName, version: 1},
    ),
  },
  1: {
    key: struct({id: notNull(varchar())}, {name: keyName}),
    value: struct(
      {...fields, data_collections: array(struct(collectionFields))},
      {name: valueName},
    ),
  },
};
