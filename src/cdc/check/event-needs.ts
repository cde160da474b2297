import {failedBy, warning} from '../../common/check-result.ts';
import type {CheckResult} from '../../common/check-result.ts';
import type {NeededTopic} from '../../kafka/needed-topic.ts';
import {toJsonSchema} from '../../serde/json-schema.ts';
import type {NeededSubject} from '../../serde/registry/needed-subject.ts';
import type {Schema} from '../../serde/schema.ts';
import {connectorDefaults} from '../connector-options.ts';
import type {ConnectorOptions} from '../connector-options.ts';
import {ColumnTypes} from '../events/column-types.ts';
import {eventForm} from '../events/event-form.ts';
import {eventDefaults} from '../events/event-options.ts';
import {topicCollision} from '../events/event-topics.ts';
import {messageKeyColumns} from '../events/message-key-columns.ts';
import {leftOut, tableEvents} from '../events/table-events.ts';
import {transactionSchemas} from '../events/transaction-metadata.ts';
import {heartbeatSchemas, heartbeatTopic} from '../heartbeat.ts';
import type {Relation} from '../replication-source.ts';
import {nameOf} from '../table-filter.ts';

/** What a connector needs of Kafka and of the schema registry. */
export interface EventNeeds {
  readonly topics: readonly NeededTopic[];
  readonly subjects: readonly NeededSubject[];
  /** Of tables and columns that events cannot carry. */
  readonly results: readonly CheckResult[];
}

interface Schemas {
  readonly key: Schema | undefined;
  readonly value: Schema;
}

/**
 * The topics and subjects of the events of these tables, and of the records beside them: heartbeats, transaction
 * metadata. That of logical messages is made with the first of them.
 */
export function eventNeeds(
  relations: readonly Relation[],
  connectorOptions: ConnectorOptions,
): EventNeeds {
  const options = {...connectorDefaults, ...connectorOptions};
  const {topicPrefix, afterStateOnly, numPartitions, replicationFactor, heartbeat} = options;
  const events = {...eventDefaults, ...options.events};
  const {profile, messageKeyColumns: keys} = events;
  const keyOf = keys === '' ? undefined : messageKeyColumns(keys);
  const types = new ColumnTypes(options.types);
  const {rows} = eventForm({...events, afterStateOnly});
  const topics = new Map<string, NeededTopic>();
  const tableOf = new Map<string, string>();
  const subjects: NeededSubject[] = [];
  const results: CheckResult[] = [];

  for (const relation of relations) {
    const table = nameOf(relation);
    const keyColumns = keyOf?.(relation) ?? relation.primaryKey;
    try {
      const {topic, schemas} = tableEvents(
        relation,
        {topicPrefix, types, profile, rows, keyColumns},
        ({name, typeName}, text) => {
          if (text === undefined) results.push(unsupported(relation, name, typeName));
        },
      );
      const other = tableOf.get(topic);
      if (other !== undefined) throw topicCollision(topic, other, table);
      tableOf.set(topic, table);
      add(topic, schemas);
    } catch (error) {
      results.push(failedBy(`table ${table}`, error));
    }
  }
  if (events.provideTransactionMetadata)
    add(`${topicPrefix}.${events.topicTransaction}`, transactionSchemas[profile]);
  if (heartbeat.intervalMs > 0)
    add(heartbeatTopic(heartbeat, topicPrefix), heartbeatSchemas[profile]);
  return {topics: [...topics.values()], subjects, results};

  function add(name: string, {key, value}: Schemas): void {
    const spec = {
      name,
      partitions: numPartitions,
      cleanupPolicy: 'delete',
      replicationFactor,
    } as const;
    topics.set(name, {spec, isExact: false, isCreated: true, operations: ['WRITE']});
    if (options.keyFormat === 'JSON_SR' && key !== undefined)
      subjects.push({subject: `${name}-key`, schema: toJsonSchema(key)});
    if (options.valueFormat === 'JSON_SR')
      subjects.push({subject: `${name}-value`, schema: toJsonSchema(value)});
  }
}

function unsupported(relation: Relation, column: string, type: string): CheckResult {
  return warning(`table ${nameOf(relation)}`, leftOut(relation, column, type), {
    remedy: `to have its text as bytes set include.unknown.datatypes: true; to leave it out without a warning, column.exclude.list: ${nameOf(relation)}.${column}`,
  });
}
