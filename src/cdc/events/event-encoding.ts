import type {Clock} from '../../common/clock.ts';
import type {Logger} from '../../common/logger.ts';
import type {TopicAdmin} from '../../kafka/client.ts';
import type {SchemaRegistry} from '../../serde/registry/schema-registry.ts';
import type {ConnectorOptions} from '../connector-options.ts';
import {EventContext} from './event-context.ts';
import {EventKey} from './event-key.ts';
import {eventForm} from './event-form.ts';
import {eventDefaults} from './event-options.ts';
import {EventTopics} from './event-topics.ts';
import {Heartbeat} from '../heartbeat.ts';
import {MessageEvents} from './message-events.ts';
import {messageFilter} from './message-filter.ts';
import {messageKeyColumns} from './message-key-columns.ts';
import type {OnceWarnings} from '../once-warnings.ts';
import {RecordCollector} from './record-collector.ts';
import {SourcePositionHeader} from './source-position-header.ts';
import {TableEncoders} from './table-encoders.ts';
import type {BatchLimits} from '../transaction-batcher.ts';
import {TransactionMetadata} from './transaction-metadata.ts';

/** What makes records of one source's events, from one start of its connector on. */
export interface EventEncoding {
  readonly context: EventContext;
  readonly records: RecordCollector;
  readonly positions: SourcePositionHeader;
  readonly encoders: TableEncoders;
  readonly messages: MessageEvents;
  /** To be prepared before the first transaction. */
  readonly transactions: TransactionMetadata | undefined;
  /** To be prepared before the first record. */
  readonly heartbeat: Heartbeat | undefined;
  /** Whether TRUNCATE has events. */
  readonly truncates: boolean;
  readonly limits: BatchLimits;
  readonly logger: Logger;
}

export function eventEncoding(
  options: Required<ConnectorOptions>,
  systemId: string,
  admin: TopicAdmin,
  registry: SchemaRegistry,
  clock: Clock,
  logger: Logger,
  warnings: OnceWarnings,
): EventEncoding {
  const {name, topicPrefix, dbname, afterStateOnly, batch} = options;
  const events = {...eventDefaults, ...options.events};
  const form = eventForm({...events, afterStateOnly});
  const context = new EventContext(topicPrefix, dbname, events.profile);
  const records = new RecordCollector();
  const topics = new EventTopics(options, admin, registry);
  const written = {key: new EventKey(), context, sink: records, topics, profile: events.profile};
  const topicName = `${topicPrefix}.${events.topicTransaction}`;
  const transactions = events.provideTransactionMetadata
    ? new TransactionMetadata({...written, topicName})
    : undefined;
  const keys =
    events.messageKeyColumns === '' ? undefined : messageKeyColumns(events.messageKeyColumns);
  const parts = {...written, form, transactions};
  return {
    context,
    records,
    positions: new SourcePositionHeader({name, systemId}),
    encoders: new TableEncoders({...options, messageKeyColumns: keys}, parts, topics, warnings),
    messages: new MessageEvents({
      ...parts,
      topicPrefix,
      binary: options.types.binary,
      filter: messageFilter(events),
    }),
    transactions,
    heartbeat:
      options.heartbeat.intervalMs > 0
        ? new Heartbeat({...written, options: options.heartbeat, topicPrefix, clock})
        : undefined,
    truncates: form.rows === 'envelope' && !form.skipped.includes('t'),
    limits: batch,
    logger,
  };
}
