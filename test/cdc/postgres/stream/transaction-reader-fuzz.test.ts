import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {
  PgoutputMessage,
  RelationMessage,
} from '../../../../src/cdc/postgres/stream/pgoutput.ts';
import {TransactionReader} from '../../../../src/cdc/postgres/stream/transaction-reader.ts';
import type {Relation, SourceEvent} from '../../../../src/cdc/replication-source.ts';
import {ServiceError} from '../../../../src/common/errors.ts';
import {mutated, mutations} from '../../../support/mutation.ts';
import {tuple} from '../../../support/tuple.ts';
import {encode} from './pgoutput-messages.ts';

/** Of two tables the first is captured. */
const described: RelationMessage[] = [7, 8].map((oid) => ({
  tag: 'relation',
  oid,
  schema: 'public',
  table: `t${oid}`,
  replicaIdentity: 'default',
  columns: ['id', 'v'].map((name) => ({name, typeOid: 25, typeModifier: -1, key: name === 'id'})),
}));

const relation: Relation = {
  oid: 7,
  schema: 'public',
  table: 't7',
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

/** What a server sends: transactions with their changes of the two tables, one after another. */
const streams = fc
  .array(
    fc.record({
      gap: fc.constantFrom(0n, 0n, 8n),
      changes: fc.array(
        fc.record({oid: fc.constantFrom(7, 7, 8), value: fc.string({maxLength: 3})}),
        {
          maxLength: 4,
        },
      ),
    }),
    {minLength: 1, maxLength: 5},
  )
  .map((transactions) => {
    let lsn = 100n;
    return transactions.map(({gap, changes}): PgoutputMessage[] => {
      const commitLsn = lsn + gap;
      lsn = commitLsn + 50n;
      return [
        {tag: 'begin', commitLsn, commitTime: 0, xid: 1},
        ...changes.map(({oid, value}): PgoutputMessage => ({
          tag: 'insert',
          relationOid: oid,
          beforeKind: undefined,
          before: undefined,
          after: tuple([value, null]),
        })),
        {tag: 'commit', commitLsn, endLsn: lsn, commitTime: 0},
      ];
    });
  });

interface Run {
  readonly reader: TransactionReader;
  readonly events: SourceEvent[];
  /** As after `START_REPLICATION`: the server describes the tables again. */
  readonly connect: () => void;
  readonly read: (bytes: Buffer) => void;
}

function start(): Run {
  const reader = new TransactionReader(0n);
  const events: SourceEvent[] = [];
  const read = (bytes: Buffer): void => reader.read(bytes, 0, bytes.length, 5n);
  const connect = (): void => {
    reader.connected({
      push: (event) => events.push(event),
      onRelation: (message) => reader.define(message, message.oid === 7 ? relation : undefined),
      onNewLabel: (message) => reader.define(message, message.oid === 7 ? relation : undefined),
    });
    for (const message of described) read(encode(message));
  };
  connect();
  return {reader, events, connect, read};
}

/** A run over `messages`, to the end or to where they are refused. */
function readAll(messages: readonly Buffer[]): {readonly run: Run; readonly refused: boolean} {
  const run = start();
  try {
    for (const message of messages) run.read(message);
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'CDC_PROTOCOL') throw error;
    if (!/at LSN [0-9A-F]+\/[0-9A-F]+/.test(error.message)) throw error;
    return {run, refused: true};
  }
  return {run, refused: false};
}

/** Whole transactions, perhaps with an open one at the end, and rows that have the columns of their table. */
function isWellFormed(events: readonly SourceEvent[]): boolean {
  let open = false;
  let last = 0n;
  return events.every((event) => {
    if (event.kind === 'begin') {
      const right = !open && event.commitLsn >= last;
      open = true;
      last = event.commitLsn;
      return right;
    }
    if (event.kind === 'commit') {
      const right = open && event.endLsn > last;
      open = false;
      last = event.endLsn;
      return right;
    }
    if (event.kind === 'idle') return !open;
    if (event.kind === 'truncate' || event.kind === 'message' || event.kind === 'origin')
      return open;
    return open && (event.after ?? event.before)?.length === 2;
  });
}

describe('TransactionReader with any messages', {timeout: 30_000}, () => {
  test('hands out each transaction once, wherever connections are cut', () => {
    fc.assert(
      fc.property(streams, fc.array(fc.nat(), {maxLength: 4}), (transactions, cuts) => {
        const uncut = start();
        for (const message of transactions.flat()) uncut.read(encode(message));
        const cut = start();
        const from = (): Buffer[] =>
          transactions
            .filter((messages) => {
              const commit = messages.at(-1);
              return commit?.tag === 'commit' && commit.endLsn > cut.reader.position;
            })
            .flat()
            .map((message) => encode(message));
        for (const at of cuts) {
          const rest = from();
          for (const message of rest.slice(0, at % (rest.length + 1))) cut.read(message);
          cut.connect();
        }
        for (const message of from()) cut.read(message);

        expect(cut.events).toEqual(uncut.events);
      }),
      {numRuns: 1_000},
    );
  });

  test('refuses a stream in which a message was changed, or hands out whole transactions', () => {
    fc.assert(
      fc.property(
        streams,
        fc.array(fc.tuple(fc.nat(), mutations), {minLength: 20, maxLength: 20}),
        (transactions, changes) => {
          const messages = transactions.flat().map((message) => encode(message));
          for (const [at, change] of changes) {
            const index = at % messages.length;
            const damaged = messages.with(index, mutated(messages[index] as Buffer, [change]));
            expect(isWellFormed(readAll(damaged).run.events)).toBe(true);
          }
        },
      ),
      {numRuns: 300},
    );
  });

  test('refuses a stream that lacks a begin or a commit, has one twice, or has transactions out of order', () => {
    fc.assert(
      fc.property(streams, fc.nat(), (transactions, pick) => {
        const index = pick % transactions.length;
        const chosen = transactions[index] as PgoutputMessage[];
        const first = chosen[0] as PgoutputMessage;
        const last = chosen.at(-1) as PgoutputMessage;
        const next: PgoutputMessage = {tag: 'begin', commitLsn: 1000n, commitTime: 0, xid: 2};
        const damages = [
          transactions.with(index, chosen.slice(1)),
          [...transactions.with(index, chosen.slice(0, -1)), [next]],
          transactions.with(index, [first, ...chosen]),
          transactions.with(index, [...chosen, last]),
          [...transactions, chosen],
        ];
        for (const damage of damages)
          expect(readAll(damage.flat().map((message) => encode(message))).refused).toBe(true);
      }),
      {numRuns: 300},
    );
  });

  test('refuses a transaction that was committed before what a keepalive has told', () => {
    const {reader, read} = start();
    reader.keepalive(500n);

    expect(() => read(encode({tag: 'begin', commitLsn: 400n, commitTime: 0, xid: 1}))).toThrow(
      'the transaction at LSN 0/190 was sent after what follows it in the WAL',
    );
  });

  test('refuses a change outside of a transaction', () => {
    const {read} = start();
    const truncate = encode({tag: 'truncate', relationOids: [7], options: 0});

    expect(() => read(truncate)).toThrow('the change at LSN 0/5 is in no transaction');
  });
});
