import {api} from './api-request.ts';
import type {ApiRequest} from './api-request.ts';
import {Writer} from './writer.ts';

export interface BrokerAddress {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

export interface PartitionMetadata {
  readonly partition: number;
  readonly error: number;
  /** -1 while there is none. */
  readonly leader: number;
  readonly leaderEpoch: number;
  /** How many there are. */
  readonly replicas: number;
}

export interface TopicMetadata {
  readonly error: number;
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly PartitionMetadata[];
  /** What the client may do with it: the bit of each operation's code. Only where it was asked for. */
  readonly authorizedOperations: number;
}

export interface MetadataResponse {
  readonly brokers: readonly BrokerAddress[];
  readonly controllerId: number;
  readonly topics: readonly TopicMetadata[];
}

const zeroId = Buffer.alloc(16);

/** Of these topics, or of all of them; creates none. */
export function metadataRequest(
  topics: readonly string[] | null,
  {authorizedOperations = false}: {readonly authorizedOperations?: boolean} = {},
): ApiRequest<MetadataResponse> {
  const writer = new Writer();
  writer.nullableArray(topics, (topic) => writer.raw(zeroId).nullableString(topic).tags());
  writer.boolean(false).boolean(authorizedOperations).tags();
  return {
    api: api.metadata,
    body: writer.parts,
    read: (reader) => {
      reader.int32();
      const brokers = reader.array(() => {
        const broker = {nodeId: reader.int32(), host: reader.string(), port: reader.int32()};
        reader.nullableString();
        reader.tags();
        return broker;
      });
      reader.nullableString();
      const controllerId = reader.int32();
      const topicsRead = reader.array(() => {
        const error = reader.int16();
        const name = reader.string();
        const topicId = reader.uuid();
        reader.boolean();
        const partitions = reader.array(() => {
          const partition = {
            error: reader.int16(),
            partition: reader.int32(),
            leader: reader.int32(),
            leaderEpoch: reader.int32(),
            replicas: reader.array(() => reader.int32()).length,
          };
          // In-sync and offline replicas.
          for (let lists = 0; lists < 2; lists++) reader.array(() => reader.int32());
          reader.tags();
          return partition;
        });
        const operations = reader.int32();
        reader.tags();
        return {error, name, topicId, partitions, authorizedOperations: operations};
      });
      return {brokers, controllerId, topics: topicsRead};
    },
  };
}
