import {exactText} from './exact-json.ts';
import type {ConnectSchema} from './connect-schema.ts';

/** One record of a change event topic with the schemas it was written under, without what differs from run to run. */
export interface ChangeEvent {
  readonly keySchema: ConnectSchema | undefined;
  readonly valueSchema: ConnectSchema | undefined;
  readonly key: unknown;
  readonly value: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** In offset order, by topic. */
export type EventsByTopic = ReadonlyMap<string, readonly ChangeEvent[]>;

const volatile = new Set([
  'ts_ms',
  'ts_us',
  'ts_ns',
  'lsn',
  'origin_lsn',
  'txId',
  'sequence',
  'version',
]);

/** A key or a value without positions and times of its run: they are there or null. */
export function withoutRun(topic: string, value: unknown): unknown {
  if (!isObject(value)) return value;
  if (topic.endsWith('.transaction')) return transactionWithoutRun(value);
  const {source, transaction} = value;
  if (!isObject(source)) return value;
  return {
    ...masked(value),
    source: masked(source),
    ...(isObject(transaction) && {transaction: {...transaction, id: 'present'}}),
  };
}

/** The tables of a transaction are a set; Debezium's order is that of a Java map. */
function transactionWithoutRun(record: Readonly<Record<string, unknown>>): unknown {
  const {data_collections: tables} = record;
  return {
    ...masked(record),
    id: 'present',
    ...(Array.isArray(tables) && {
      data_collections: tables.map((table) => exactText(table) ?? '').toSorted(),
    }),
  };
}

/** The headers that say something of the change, not of who captured it and where it stands. */
export function changeHeaders(
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => /^__debezium\.(newkey|oldkey)$/.test(name)),
  );
}

function masked(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [
      name,
      volatile.has(name) && value !== null ? 'present' : value,
    ]),
  );
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
