import type {Clock} from '../common/clock.ts';
import type {ProduceBatch} from '../kafka/client.ts';
import {bigint, notNull, struct, varchar} from '../serde/schema.ts';
import type {DebeziumProfile} from './events/debezium-profile.ts';
import type {EventTopics, SchemaHeaders} from './events/event-topics.ts';

/** `heartbeat.*` of Debezium, as far as Kafka sees it. */
export interface HeartbeatOptions {
  /** 0: none. */
  readonly intervalMs: number;
  /** The topic is `<topicsPrefix>.<topic.prefix>`. */
  readonly topicsPrefix: string;
}

export const heartbeatDefaults: HeartbeatOptions = {
  intervalMs: 0,
  topicsPrefix: '__debezium-heartbeat',
};

export interface HeartbeatParts {
  readonly options: HeartbeatOptions;
  readonly topicPrefix: string;
  readonly profile: DebeziumProfile;
  readonly topics: EventTopics;
  readonly clock: Clock;
}

/**
 * Debezium's heartbeat records: key `{"serverName"}`, value `{"ts_ms"}`, in partition 0, every so often whatever the
 * database does. For readers that watch whether the source lives; positions are confirmed without them.
 */
export class Heartbeat {
  readonly #parts: HeartbeatParts;
  readonly #topicName: string;
  #headers: SchemaHeaders | undefined;
  #lastAt: number;

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
    this.#topicName = heartbeatTopic(parts.options, parts.topicPrefix);
    this.#lastAt = parts.clock.now();
  }

  /** Makes the topic and registers its schemas; before the first record. */
  async prepare(): Promise<void> {
    const {topics, profile} = this.#parts;
    const topic = await topics.topic(this.#topicName, undefined);
    this.#headers = await topics.schemaHeaders(topic, heartbeatSchemas[profile]);
  }

  /** Milliseconds until the next record; 0 or less when it is time. */
  get dueInMs(): number {
    return this.#lastAt + this.#parts.options.intervalMs - this.#parts.clock.now();
  }

  /** The record of now, when it is time. */
  due(): readonly ProduceBatch[] {
    if (this.dueInMs > 0) return [];
    const now = this.#parts.clock.now();
    this.#lastAt = now;
    const {key, value} = this.#headers as SchemaHeaders;
    const record = {
      key: bytesOf(key, {serverName: this.#parts.topicPrefix}),
      value: bytesOf(value, {ts_ms: now}),
      timestamp: now,
      headers: [],
    };
    return [{topic: this.#topicName, partition: 0, records: [record]}];
  }
}

export function heartbeatTopic(
  {topicsPrefix}: Pick<HeartbeatOptions, 'topicsPrefix'>,
  topicPrefix: string,
): string {
  return `${topicsPrefix}.${topicPrefix}`;
}

function bytesOf(header: Uint8Array, fields: object): Buffer {
  return Buffer.concat([header, Buffer.from(JSON.stringify(fields))]);
}

const common = 'io.debezium.connector.common';
/** Of its records. */
export const heartbeatSchemas = {
  '1': schemasOf({}),
  '3': schemasOf({version: 1}),
} as const;

function schemasOf(version: {readonly version?: number}) {
  return {
    key: struct({serverName: notNull(varchar())}, {name: `${common}.ServerNameKey`, ...version}),
    value: struct({ts_ms: notNull(bigint())}, {name: `${common}.Heartbeat`, ...version}),
  };
}
