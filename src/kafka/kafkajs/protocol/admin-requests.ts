import type {TopicPartition} from '../../client.ts';
import {api} from './api-request.ts';
import type {ApiRequest} from './api-request.ts';
import {readByTopic, writeByTopic} from './topic-partitions.ts';
import {Writer} from './writer.ts';

/** How long the controller may take. */
const ADMIN_TIMEOUT_MS = 15_000;

const TOPIC_RESOURCE = 2;

export interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  /** -1: the broker's default. */
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
}

export interface TopicError {
  readonly name: string;
  readonly error: number;
  readonly message: string | null;
}

export interface TopicConfigs extends TopicError {
  readonly configs: ReadonlyMap<string, string>;
}

/** With `validateOnly` the cluster says what would come of it, and makes nothing. */
export function createTopicsRequest(
  topics: readonly NewTopic[],
  {validateOnly = false}: {readonly validateOnly?: boolean} = {},
): ApiRequest<readonly TopicConfigs[]> {
  const writer = new Writer();
  writer.array(topics, ({name, partitions, replicationFactor, configs}) => {
    writer.string(name).int32(partitions).int16(replicationFactor);
    writer.array([], () => undefined);
    writer.array(Object.entries(configs), ([key, value]) =>
      writer.string(key).nullableString(value).tags(),
    );
    writer.tags();
  });
  writer.int32(ADMIN_TIMEOUT_MS).boolean(validateOnly).tags();
  return {
    api: api.createTopics,
    body: writer.parts,
    waitMs: ADMIN_TIMEOUT_MS,
    read: (reader) => {
      reader.int32();
      return reader.array(() => {
        const topic = {
          name: reader.string(),
          error: reader.int16(),
          message: reader.nullableString(),
        };
        reader.int32();
        reader.int16();
        const configs = new Map<string, string>();
        // Null where the client may not see them.
        reader.array(() => {
          const key = reader.string();
          const value = reader.nullableString();
          if (value !== null) configs.set(key, value);
          reader.boolean();
          reader.int8();
          reader.boolean();
          reader.tags();
        });
        reader.tags();
        return {...topic, configs};
      });
    },
  };
}

export function deleteTopicsRequest(names: readonly string[]): ApiRequest<readonly TopicError[]> {
  const writer = new Writer();
  writer.array(names, (name) => writer.string(name));
  writer.int32(ADMIN_TIMEOUT_MS).tags();
  return {
    api: api.deleteTopics,
    body: writer.parts,
    waitMs: ADMIN_TIMEOUT_MS,
    read: (reader) => {
      reader.int32();
      return reader.array(() => {
        const topic = {name: reader.string(), error: reader.int16(), message: null};
        reader.tags();
        return topic;
      });
    },
  };
}

export function describeConfigsRequest(
  topics: readonly string[],
  keys: readonly string[],
): ApiRequest<readonly TopicConfigs[]> {
  const writer = new Writer();
  writer.array(topics, (name) => {
    writer.int8(TOPIC_RESOURCE).string(name);
    writer.array(keys, (key) => writer.string(key));
    writer.tags();
  });
  writer.boolean(false).boolean(false).tags();
  return {
    api: api.describeConfigs,
    body: writer.parts,
    read: (reader) => {
      reader.int32();
      return reader.array(() => {
        const error = reader.int16();
        const message = reader.nullableString();
        reader.int8();
        const name = reader.string();
        const configs = new Map<string, string>();
        reader.array(() => {
          const key = reader.string();
          const value = reader.nullableString();
          if (value !== null) configs.set(key, value);
          reader.boolean();
          reader.int8();
          reader.boolean();
          reader.array(() => {
            reader.string();
            reader.nullableString();
            reader.int8();
            reader.tags();
          });
          reader.int8();
          reader.nullableString();
          reader.tags();
        });
        reader.tags();
        return {name, error, message, configs};
      });
    },
  };
}

export interface DeletedRecords extends TopicPartition {
  readonly error: number;
}

/** Deletes what stands before `offset` of each partition. */
export function deleteRecordsRequest(
  partitions: readonly (TopicPartition & {readonly offset: number})[],
): ApiRequest<readonly DeletedRecords[]> {
  const writer = new Writer();
  writeByTopic(writer, partitions, ({partition, offset}) => {
    writer.int32(partition).int64(offset).tags();
  });
  writer.int32(ADMIN_TIMEOUT_MS).tags();
  return {
    api: api.deleteRecords,
    body: writer.parts,
    waitMs: ADMIN_TIMEOUT_MS,
    read: (reader) => {
      reader.int32();
      return readByTopic(reader, (topic) => {
        const partition = reader.int32();
        reader.int64();
        return {topic, partition, error: reader.int16()};
      });
    },
  };
}
