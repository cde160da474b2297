import type {Reader} from './reader.ts';

/** One request of Kafka's protocol, all in flexible versions, and how to read its answer. */
export interface ApiRequest<T> {
  readonly api: Api;
  /** In pieces, one after the other. */
  readonly body: readonly Buffer[];
  readonly read: (reader: Reader) => T;
  /** How much longer than the usual time the broker may take to answer, as it was asked to wait. Default: 0. */
  readonly waitMs?: number;
}

/** An API in the version that is spoken here; each exists in every broker from 3.1 to 4.x. */
export interface Api {
  readonly name: string;
  readonly key: number;
  readonly version: number;
}

export const api = {
  produce: {name: 'Produce', key: 0, version: 9},
  fetch: {name: 'Fetch', key: 1, version: 13},
  listOffsets: {name: 'ListOffsets', key: 2, version: 7},
  metadata: {name: 'Metadata', key: 3, version: 12},
  offsetFetch: {name: 'OffsetFetch', key: 9, version: 7},
  findCoordinator: {name: 'FindCoordinator', key: 10, version: 3},
  joinGroup: {name: 'JoinGroup', key: 11, version: 7},
  heartbeat: {name: 'Heartbeat', key: 12, version: 4},
  leaveGroup: {name: 'LeaveGroup', key: 13, version: 4},
  syncGroup: {name: 'SyncGroup', key: 14, version: 5},
  describeGroups: {name: 'DescribeGroups', key: 15, version: 5},
  createTopics: {name: 'CreateTopics', key: 19, version: 5},
  deleteTopics: {name: 'DeleteTopics', key: 20, version: 4},
  deleteRecords: {name: 'DeleteRecords', key: 21, version: 2},
  initProducerId: {name: 'InitProducerId', key: 22, version: 4},
  addPartitionsToTxn: {name: 'AddPartitionsToTxn', key: 24, version: 3},
  addOffsetsToTxn: {name: 'AddOffsetsToTxn', key: 25, version: 3},
  endTxn: {name: 'EndTxn', key: 26, version: 3},
  txnOffsetCommit: {name: 'TxnOffsetCommit', key: 28, version: 3},
  describeConfigs: {name: 'DescribeConfigs', key: 32, version: 4},
  deleteGroups: {name: 'DeleteGroups', key: 42, version: 2},
} as const satisfies Record<string, Api>;
