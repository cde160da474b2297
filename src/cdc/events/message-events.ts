import type {RecordHeader} from '../../kafka/client.ts';
import {bigint, notNull, struct, varchar} from '../../serde/schema.ts';
import type {Schema} from '../../serde/schema.ts';
import {sourceSchema, transactionBlock} from './change-event-schema.ts';
import type {DebeziumProfile} from './debezium-profile.ts';
import type {EventContext} from './event-context.ts';
import type {EventKey} from './event-key.ts';
import type {EventTopic} from './event-topic.ts';
import type {EventTopics, SchemaHeaders} from './event-topics.ts';
import type {MessageFilter} from './message-filter.ts';
import type {RecordSink} from './record-collector.ts';
import type {LogicalDecodingMessage} from '../replication-source.ts';
import type {TransactionMetadata} from './transaction-metadata.ts';
import {binaryJson, binarySchema} from './types/binary-types.ts';
import type {TypeHandling} from './types/type-handling.ts';

export interface MessageEventsParts {
  readonly topicPrefix: string;
  /** `binary.handling.mode`: how the content is shown. */
  readonly binary: TypeHandling['binary'];
  readonly filter: MessageFilter;
  readonly topics: EventTopics;
  readonly key: EventKey;
  readonly context: EventContext;
  readonly sink: RecordSink;
  readonly transactions: TransactionMetadata | undefined;
}

/** What Debezium counts messages under in a transaction's metadata. */
const COLLECTION = 'LOGICAL_DECODING_MESSAGE';

/** Writes logical decoding messages as Debezium's events, `op` m, to `<topic.prefix>.message`. */
export class MessageEvents {
  readonly #parts: MessageEventsParts;
  #topic: EventTopic | undefined;
  #headers: SchemaHeaders | undefined;

  constructor(parts: MessageEventsParts) {
    this.#parts = parts;
  }

  /** Whether the message becomes an event. */
  includes({prefix}: LogicalDecodingMessage): boolean {
    return this.#parts.filter(prefix);
  }

  get isPrepared(): boolean {
    return this.#headers !== undefined;
  }

  /** Makes the topic and registers its schemas; before the first message. */
  async prepare(): Promise<void> {
    const {topics, topicPrefix, context, binary} = this.#parts;
    this.#topic = await topics.topic(`${topicPrefix}.message`, 'message');
    this.#headers = await topics.schemaHeaders(
      this.#topic,
      messageSchemas(context.profile, binarySchema(binary)),
    );
  }

  /** The context is that of the message's transaction, or of the message alone. */
  append(message: LogicalDecodingMessage, position: RecordHeader): void {
    const {key, context, sink, transactions, binary} = this.#parts;
    const {prefix, content, transactional, lsn} = message;
    const headers = this.#headers as SchemaHeaders;
    const block =
      transactional && transactions !== undefined ? transactions.event(COLLECTION, lsn) : 'null';
    const [head, middle] = context.source('"schema":"","table":""');
    key.write(headers.key, `{"prefix":${JSON.stringify(prefix)}}`);
    const value = sink.begin(key.targetIn(this.#topic as EventTopic), context.timestamp, key);
    value.bytes(headers.value);
    value.text(
      `{"op":"m","ts_ms":${context.processedMs}${head}${lsn}${middle}${lsn}${context.sourceEnd}` +
        (context.profile === '1' ? '' : `,"transaction":${block}`) +
        `,"message":{"prefix":${JSON.stringify(prefix)},"content":${binaryJson(Buffer.from(content), binary)}}}`,
    );
    sink.end([position]);
  }
}

function messageSchemas(
  profile: DebeziumProfile,
  content: Schema,
): {readonly key: Schema; readonly value: Schema} {
  const versioned = profile === '1' ? {} : {version: 1};
  const name = 'io.debezium.connector.postgresql.Message';
  const message = struct({prefix: varchar(), content}, {name, ...versioned});
  return {
    key: struct({prefix: varchar()}, {name: `${name}Key`, ...versioned}),
    value: struct(
      {
        op: notNull(varchar()),
        ts_ms: bigint(),
        source: sourceSchema[profile],
        ...(profile === '3' && {transaction: transactionBlock[profile]}),
        message,
      },
      {name: `${name}Value`, ...versioned},
    ),
  };
}
