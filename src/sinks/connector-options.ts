import type {Clock} from '../common/clock.ts';
import type {Conditions} from '../common/conditions.ts';
import type {Logger} from '../common/logger.ts';
import type {Metrics} from '../common/metrics.ts';
import type {KafkaClient} from '../kafka/client.ts';
import type {SchemaRegistry} from '../serde/registry/schema-registry.ts';
import type {Serdes} from '../serde/serde.ts';
import type {ErrorsTolerance} from './batch-writer.ts';
import type {BatchLimits} from './batcher.ts';
import type {SinkTopic, UndeclaredTopic} from './table-definition.ts';
import type {AutoEvolve, InsertMode, WarehouseSink} from './warehouse-sink.ts';

export interface SinkConnectorOptions {
  readonly applicationId: string;
  /** Static membership: `group.instance.id`, and whether it is given up when the connector stops. Default: none. */
  readonly membership?: {readonly instanceId: string; readonly releasesPlace: boolean};
  /** The key under `sinks:`. */
  readonly name: string;
  readonly topics: readonly (SinkTopic | UndeclaredTopic)[];
  /** `table.name.format`. */
  readonly tableNameFormat: string;
  readonly insertMode: InsertMode;
  /** `delete.enabled`: whether a tombstone deletes its row. In append mode none does. */
  readonly deleteEnabled: boolean;
  readonly autoCreate: boolean;
  readonly autoEvolve: AutoEvolve;
  readonly limits: BatchLimits;
  readonly errorsTolerance: ErrorsTolerance;
  /** Where records go that make no row; undefined: nowhere. */
  readonly deadLetterTopic: string | undefined;
  /** Failures of the warehouse in a row that are followed by another attempt; undefined: all of them. */
  readonly maxRetries: number | undefined;
  /** The pause before the first of them, in milliseconds. */
  readonly retryBackoffMs: number;
  /** Of the dead letter topic, should it be missing. */
  readonly numPartitions: number;
  readonly replicationFactor: number;
}

export interface SinkConnectorDeps {
  readonly options: SinkConnectorOptions;
  readonly sink: WarehouseSink;
  readonly kafka: KafkaClient;
  readonly serdes: Serdes;
  /** For the schemas of topics that are not declared. */
  readonly registry: Pick<SchemaRegistry, 'byId'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly conditions: Conditions;
}
