import type {Clock} from '../common/clock.ts';
import type {Conditions} from '../common/conditions.ts';
import type {Logger} from '../common/logger.ts';
import type {Metrics} from '../common/metrics.ts';
import type {KafkaClient} from '../kafka/client.ts';
import type {SchemaRegistry} from '../serde/registry/schema-registry.ts';
import type {InstanceId} from './instance-id.ts';
import type {Serdes} from '../serde/serde.ts';

/** What every component of the service gets. */
export interface SharedParts {
  readonly kafka: KafkaClient;
  readonly registry: SchemaRegistry;
  readonly serdes: Serdes;
  readonly instance: InstanceId;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly conditions: Conditions;
}
