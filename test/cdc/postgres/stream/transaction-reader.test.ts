import {describe, expect, test} from 'vitest';
import type {Relation, SourceEvent} from '../../../../src/cdc/replication-source.ts';
import type {RelationMessage} from '../../../../src/cdc/postgres/stream/pgoutput.ts';
import {TransactionReader} from '../../../../src/cdc/postgres/stream/transaction-reader.ts';
import {rowChanges} from '../../../support/postgres-test-source.ts';
import {MessageWriter} from './message-writer.ts';

const relation: Relation = {
  oid: 7,
  schema: 'public',
  table: 't',
  columns: ['id', 'v'].map((name) => ({
    name,
    typeOid: 25,
    typeModifier: -1,
    typeName: 'text',
    nullable: true,
  })),
  primaryKey: ['id'],
  replicaIdentity: 'default',
};

const moods = (...labels: string[]): Relation => ({
  ...relation,
  columns: relation.columns.map((column) => ({...column, enumLabels: labels})),
});

const begin = (commitLsn: bigint): Buffer =>
  new MessageWriter('B').u64(commitLsn).u64(0n).u32(1).done();
const commit = (commitLsn: bigint, endLsn: bigint): Buffer =>
  new MessageWriter('C').u8(0).u64(commitLsn).u64(endLsn).u64(0n).done();
const insert = (id: string, oid = 7): Buffer =>
  new MessageWriter('I').u32(oid).tuple('N', [id, null]).done();
const logicalMessage = (prefix: string, transactional: 0 | 1, lsn: bigint): Buffer =>
  new MessageWriter('M').u8(transactional).u64(lsn).text(prefix).u32(1).u8(0x21).done();
const describeTable = new MessageWriter('R')
  .u32(7)
  .text('public')
  .text('t')
  .u8(0x64)
  .u16(2)
  .u8(1)
  .text('id')
  .u32(25)
  .u32(0xffff_ffff)
  .u8(0)
  .text('v')
  .u32(25)
  .u32(0xffff_ffff)
  .done();

/** What comes out, as short texts. */
class Out {
  readonly reader: TransactionReader;
  readonly events: SourceEvent[] = [];

  constructor(from: bigint) {
    this.reader = new TransactionReader(from);
    this.connect();
  }

  connect(): void {
    this.reader.connected({
      push: (event) => this.events.push(event),
      onRelation: (message: RelationMessage) => this.reader.define(message, relation),
      onNewLabel: (message: RelationMessage) => this.reader.define(message, relation),
    });
    this.read(describeTable);
  }

  read(...messages: readonly Buffer[]): void {
    for (const message of messages) this.reader.read(message, 0, message.length, 5n);
  }

  texts(): string[] {
    return this.events.map((event) => {
      if (event.kind === 'begin') return `begin ${event.commitLsn}`;
      if (event.kind === 'commit' || event.kind === 'idle') return `${event.kind} ${event.endLsn}`;
      if (event.kind === 'truncate') return 'truncate';
      if (event.kind === 'message') return `message ${event.prefix} ${event.lsn}`;
      if (event.kind === 'origin') return `origin ${event.name} ${event.lsn}`;
      return `${event.kind} ${(event.after ?? event.before)?.text(0)}`;
    });
  }
}

describe('TransactionReader', () => {
  test('leaves out transactions that end at or before its start, and none that is adjacent to it', () => {
    const out = new Out(200n);

    out.read(begin(100n), insert('a'), commit(100n, 150n));
    out.read(begin(150n), insert('b'), commit(150n, 200n));
    out.read(begin(200n), insert('c'), commit(200n, 250n));

    expect(out.texts()).toEqual(['begin 200', 'insert c', 'commit 250']);
    expect(out.reader.position).toBe(250n);
  });

  test('goes on within a transaction that a connection cut in two', () => {
    const out = new Out(0n);

    out.read(begin(100n), insert('a'), insert('b'));
    out.connect();
    out.read(begin(100n), insert('a'));
    out.connect();
    out.read(begin(100n), insert('a'), insert('b'), insert('c'), commit(100n, 150n));

    expect(out.texts()).toEqual(['begin 100', 'insert a', 'insert b', 'insert c', 'commit 150']);
  });

  test('holds a row with a new label of an enum until the relation is defined again, over a cut, too', () => {
    const out = new Out(0n);
    const asked: RelationMessage[] = [];
    const connect = (): void => {
      out.reader.connected({
        push: (event) => out.events.push(event),
        onRelation: (message) => out.reader.define(message, moods('sad')),
        onNewLabel: (message) => asked.push(message),
      });
      out.read(describeTable, begin(100n), insert('sad'), insert('glad'));
    };

    connect();
    const held = out.texts();
    connect();
    out.reader.define(asked[1] as RelationMessage, moods('sad', 'glad'));
    out.read(insert('glad'), commit(100n, 150n));

    expect(held).toEqual(['begin 100', 'insert sad']);
    expect(asked).toHaveLength(2);
    expect(out.texts()).toEqual([
      'begin 100',
      'insert sad',
      'insert glad',
      'insert glad',
      'commit 150',
    ]);
    const [, sad, glad] = out.events.map((event) => ('relation' in event ? event.relation : null));
    expect(sad?.columns[0]?.enumLabels).toEqual(['sad']);
    expect(glad?.columns[0]?.enumLabels).toEqual(['sad', 'glad']);
  });

  test('refuses another transaction than the one that was cut in two', () => {
    const out = new Out(0n);
    out.read(begin(100n), insert('a'));
    out.connect();

    expect(() => out.read(begin(300n))).toThrow('the transaction at LSN 0/64 was cut off');
  });

  test('tells idle positions between transactions only, and only when they go on', () => {
    const out = new Out(50n);

    out.reader.keepalive(50n);
    out.reader.keepalive(60n);
    out.read(begin(100n));
    out.reader.keepalive(120n);
    out.read(commit(100n, 150n));
    out.reader.keepalive(140n);
    out.reader.keepalive(160n);

    expect(out.texts()).toEqual(['idle 60', 'begin 100', 'commit 150', 'idle 160']);
  });

  test('tells no idle position while a transaction is cut in two', () => {
    const out = new Out(0n);

    out.read(begin(100n), insert('a'));
    out.connect();
    out.reader.keepalive(500n);

    expect(out.texts()).toEqual(['begin 100', 'insert a']);
  });

  test('hands out a message within its transaction once, however often a connection is lost', () => {
    const out = new Out(0n);

    out.read(begin(100n), insert('a'), logicalMessage('m', 1, 90n));
    out.connect();
    out.read(
      begin(100n),
      insert('a'),
      logicalMessage('m', 1, 90n),
      insert('b'),
      commit(100n, 150n),
    );

    expect(out.texts()).toEqual([
      'begin 100',
      'insert a',
      'message m 90',
      'insert b',
      'commit 150',
    ]);
  });

  test('hands out a message outside of any transaction once, and what follows it', () => {
    const out = new Out(100n);

    out.read(logicalMessage('old', 0, 100n), logicalMessage('m', 0, 130n));
    out.connect();
    out.read(logicalMessage('m', 0, 130n), logicalMessage('n', 0, 160n), begin(200n), insert('a'));

    expect(out.texts()).toEqual(['message m 130', 'message n 160', 'begin 200', 'insert a']);
    expect(out.reader.position).toBe(160n);
  });

  test('refuses a change of a relation that was not described on this connection', () => {
    const out = new Out(0n);

    expect(() => out.read(begin(1n), insert('a', 8))).toThrow('names relation 8');
  });

  test('refuses a row of another width than its relation', () => {
    const out = new Out(0n);
    const narrow = new MessageWriter('I').u32(7).tuple('N', ['a']).done();

    expect(() => out.read(begin(1n), narrow)).toThrow(
      'a row of public.t at LSN 0/5 does not have its 2 columns',
    );
  });

  test('names the table and the column in which a message cannot be read', () => {
    const out = new Out(0n);
    const row = new MessageWriter('I').u32(7).tuple('N', ['a', '\u00e9']).done();
    row[row.length - 1] = 0x28;
    const unknown = new MessageWriter('I').u32(9).tuple('N', ['a', '\u00e9']).done();
    unknown[unknown.length - 1] = 0x28;

    expect(() => out.read(begin(1n), row)).toThrow(
      /^unreadable pgoutput message at LSN 0\/5: a text is not UTF-8.* \(public\.t, column v\)$/,
    );
    expect(() => out.read(unknown)).toThrow(/at LSN 0\/5: .* \(relation 9\)$/);
  });

  test('marks what an old key does not have, and fills what an old row has', () => {
    const out = new Out(0n);
    const byKey = new MessageWriter('U')
      .u32(7)
      .tuple('K', ['a', null])
      .tuple('N', ['b', undefined]);
    const byRow = new MessageWriter('U').u32(7).tuple('O', ['a', 'x']).tuple('N', ['b', undefined]);

    out.read(begin(1n), byKey.done(), byRow.done());

    expect(rowChanges(out.events)).toMatchObject([
      {before: ['a', undefined], after: ['b', undefined]},
      {before: ['a', 'x'], after: ['b', 'x']},
    ]);
  });
});
