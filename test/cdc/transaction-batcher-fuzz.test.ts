import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {systemClock} from '../../src/common/clock.ts';
import {Conditions} from '../../src/common/conditions.ts';
import {ServiceError} from '../../src/common/errors.ts';
import {silentLogger} from '../../src/common/logger.ts';
import {ColumnTypes} from '../../src/cdc/events/column-types.ts';
import {EventContext} from '../../src/cdc/events/event-context.ts';
import {EventKey} from '../../src/cdc/events/event-key.ts';
import type {MessageEvents} from '../../src/cdc/events/message-events.ts';
import {RecordCollector} from '../../src/cdc/events/record-collector.ts';
import {rowLayout} from '../../src/cdc/events/row-layout.ts';
import {SourcePositionHeader} from '../../src/cdc/events/source-position-header.ts';
import {TableEncoder} from '../../src/cdc/events/table-encoder.ts';
import {typeHandlingDefaults} from '../../src/cdc/events/types/type-handling.ts';
import {IncrementalSnapshots} from '../../src/cdc/incremental/incremental-snapshots.ts';
import {nothingToRead} from '../../src/cdc/incremental/incremental-state.ts';
import type {RowChange} from '../../src/cdc/replication-source.ts';
import {TransactionBatcher} from '../../src/cdc/transaction-batcher.ts';
import {mutated, mutations} from '../support/mutation.ts';
import {ScriptedSource, column, relation} from '../support/scripted-source.ts';
import {tuple} from '../support/tuple.ts';

/** A column of each type whose text is looked at, with one that is right. */
const right: Readonly<Record<string, string>> = {
  id: '17',
  amount: '-12.50',
  born: '2024-02-29',
  at: '2024-01-02 03:04:05.123456+00',
  took: '1 year -2 mons +3 days 04:05:06.789',
  bytes: '\\xdeadbeef00',
  place: '(1.5,-2)',
  tags: '"k"=>"v", "n"=>NULL',
  list: '{1,NULL,3}',
};
const typeNames = [
  'int8',
  'numeric',
  'date',
  'timestamptz',
  'interval',
  'bytea',
  'point',
  'hstore',
  '_int4',
];
const names = Object.keys(right);
const table = relation({
  schema: 's',
  table: 't',
  columns: names.map((name, index) => column(name, typeNames[index])),
  primaryKey: ['id'],
  replicaIdentity: 'full',
});

function batcher(): TransactionBatcher {
  const context = new EventContext('p', 'db');
  const records = new RecordCollector();
  const form = {rows: 'envelope', deletes: true, tombstones: true, skipped: ''} as const;
  const encoder = new TableEncoder(
    table,
    rowLayout(table, new ColumnTypes(typeHandlingDefaults), () => undefined),
    {name: 't', targets: [{topic: 't', partition: 0, id: 0, table: 's.t'}]},
    {key: new Uint8Array(0), value: new Uint8Array(0)},
    {key: new EventKey(), context, sink: records, form},
  );
  return new TransactionBatcher(0n, null, {
    encoders: {get: () => encoder, prepare: async () => undefined},
    context,
    records,
    positions: new SourcePositionHeader({name: 'camel', systemId: '7'}),
    limits: {maxRecords: 10_000, maxBytes: 1e9},
    incremental: new IncrementalSnapshots(nothingToRead, {
      subject: 'source camel',
      source: new ScriptedSource(),
      chunkSize: 1,
      clock: systemClock,
      logger: silentLogger,
      conditions: new Conditions(),
    }),
    messages: {includes: () => false} as unknown as MessageEvents,
    transactions: undefined,
    truncates: false,
    signalTable: undefined,
    logger: silentLogger,
  });
}

const oneBatcher = batcher();

/** The error of a transaction with `change`, which stands at 16/B374D848; undefined where it was taken. */
function refusal(change: RowChange): ServiceError | undefined {
  try {
    oneBatcher.add(
      [{kind: 'begin', commitLsn: 0x16_b374_d850n, commitTime: 0, xid: 1}, change],
      0,
      0,
    );
    return undefined;
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  } finally {
    oneBatcher.takeAll();
  }
}

const changes = fc.record({
  name: fc.constantFrom(...names),
  kind: fc.constantFrom('insert', 'update', 'delete'),
  isOld: fc.boolean(),
  damage: fc.array(mutations, {minLength: 1, maxLength: 3}),
});

describe('TransactionBatcher with any values', {timeout: 30_000}, () => {
  test('refuses one that is not as Postgres writes it with its LSN, table and column, and does not show it', () => {
    let refused = 0;
    fc.assert(
      fc.property(changes, ({name, kind, isOld, damage}) => {
        const text = mutated(Buffer.from(right[name] ?? ''), damage).toString();
        const row = names.map((each) => right[each]);
        const damaged = tuple(row.with(names.indexOf(name), text));
        const [before, after] =
          isOld || kind === 'delete' ? [damaged, tuple(row)] : [tuple(row), damaged];
        const change = {
          kind,
          relation: table,
          lsn: 0x16_b374_d848n,
          before: kind === 'insert' ? undefined : before,
          after: kind === 'delete' ? undefined : kind === 'insert' ? damaged : after,
        } as const;

        const error = refusal(change);

        if (error === undefined) return;
        refused++;
        expect(error.code).toBe('CDC_PROTOCOL');
        expect(error.message).toContain(`s.t, column ${name}, at LSN 16/B374D848: `);
        expect(error.message).toContain(`${text.length} characters`);
        expect(text.length > 3 && error.message.includes(text)).toBe(false);
      }),
      {numRuns: 2_000},
    );
    expect(refused).toBeGreaterThan(700);
  });

  test('takes what Postgres writes', () => {
    const row = tuple(names.map((name) => right[name]));

    expect(
      refusal({kind: 'update', relation: table, lsn: 1n, before: row, after: row}),
    ).toBeUndefined();
  });
});
