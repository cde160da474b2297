import {describe, expect, inject, test} from 'vitest';
import type {LogicalDecodingMessage, SourceEvent} from '../../../src/cdc/replication-source.ts';
import {TestSource} from '../../support/postgres-test-source.ts';

const port = inject('postgresPort');

function messages(events: readonly SourceEvent[]): LogicalDecodingMessage[] {
  return events.filter((event) => event.kind === 'message');
}

const text = ({content}: LogicalDecodingMessage): string => Buffer.from(content).toString();

describe('PostgresSource.transactions with logical decoding messages', () => {
  test('hands on messages of a transaction in its order, and others between transactions', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();

    await source.sql(`
      BEGIN;
      INSERT INTO t VALUES (1);
      SELECT pg_logical_emit_message(true, 'mine', 'within');
      SELECT pg_logical_emit_message(false, 'other', 'at once');
      INSERT INTO t VALUES (2);
      COMMIT`);
    const events = await source.events(from, (all) => all.some(({kind}) => kind === 'commit'));

    expect(
      events.flatMap((event) => {
        if (event.kind === 'idle') return [];
        if (event.kind !== 'message') return event.kind;
        return `${event.prefix} ${text(event)} ${event.transactional}`;
      }),
    ).toEqual(['other at once false', 'begin', 'insert', 'mine within true', 'insert', 'commit']);
  });

  test('brings neither a rolled-back message nor one that a position behind it includes', async () => {
    await using source = await TestSource.create(port);
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    const {from} = await source.start();
    await source.sql(`
      BEGIN; SELECT pg_logical_emit_message(true, 'p', 'rolled back'); ROLLBACK;
      SELECT pg_logical_emit_message(false, 'p', 'one');
      SELECT pg_logical_emit_message(false, 'p', 'two');
      SELECT pg_logical_emit_message(true, 'p', 'three')`);
    const all = messages(await source.events(from, (events) => messages(events).length === 3));
    expect(all.map(text)).toEqual(['one', 'two', 'three']);

    const after = {...from, lsn: (all[0] as LogicalDecodingMessage).lsn};
    await source.restart();
    await source.open(after);
    const rest = await source.events(after, (events) => messages(events).length === 2);

    expect(messages(rest).map(text)).toEqual(['two', 'three']);
  });
});
