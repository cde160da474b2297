import type {FilterLists} from '../table-filter.ts';
import type {PublicationMode} from './catalog/publication.ts';
import type {ReplicaIdentityRule} from './catalog/replica-identity.ts';
import type {PostgresAddress} from './connection/connection.ts';
import type {SlotOptions} from './slot/slot-options.ts';
import type {SnapshotMode} from './slot/starting-point.ts';
import type {SnapshotOptions} from './snapshot/open-snapshot.ts';

export interface PostgresSourceOptions extends PostgresAddress, FilterLists {
  /** The key under `sources:`. */
  readonly name: string;
  readonly slotName: string;
  readonly publicationName: string;
  /** `filtered` where not given. */
  readonly publicationMode?: PublicationMode | undefined;
  /** `publish.via.partition.root`; off where not given. */
  readonly publishViaPartitionRoot?: boolean | undefined;
  /** `replica.identity.autoset.values`; none where not given. */
  readonly replicaIdentityRules?: readonly ReplicaIdentityRule[] | undefined;
  readonly snapshotMode: SnapshotMode;
  readonly snapshot?: Partial<SnapshotOptions>;
  readonly timeouts?: Partial<SourceTimeouts>;
  readonly slot?: Partial<SlotOptions> | undefined;
  /** `errors.max.retries`: failures in a row that are tried again; -1: without end. */
  readonly errorsMaxRetries?: number | undefined;
  /** `heartbeat.action.query` and how often it is run; 0: never. */
  readonly heartbeat?:
    {readonly intervalMs: number; readonly actionQuery?: string | undefined} | undefined;
}

export interface SourceTimeouts {
  /** How long `open` waits for a server that cannot be reached. */
  readonly startMs: number;
  /** How long to wait for transactions that were open before the slot. */
  readonly slotCreationMs: number;
  /** Silence after which a connection is dead, where twice `wal_sender_timeout` does not fit. */
  readonly silenceMs: number | undefined;
}

export const defaultTimeouts: SourceTimeouts = {
  startMs: 10_000,
  slotCreationMs: 30_000,
  silenceMs: undefined,
};
