import {describe, expect, test} from 'vitest';
import {slotConditions} from '../../../../src/cdc/postgres/slot/slot-conditions.ts';
import type {SlotFacts} from '../../../../src/cdc/postgres/slot/slot-conditions.ts';

const slot = {
  activePid: 7,
  walStatus: 'reserved',
  safeWalSize: undefined,
  restartLsn: 80n,
  confirmedFlush: 90n,
  invalidationReason: undefined,
  inactiveSince: undefined,
  failover: false,
  synced: false,
};
const server = {
  systemId: '1',
  timeline: 1,
  inRecovery: false,
  walEnd: 100n,
  walKeepBytes: undefined,
};
/** With this part of 100 MB left. */
const left = (part: number) => ({...slot, safeWalSize: part * 100 * 1048576});
const publication = {
  tables: ['shop.orders'],
  missingOperations: [],
  filteredTables: [],
  newTables: [],
};

/** What is raised when everything is right but `wrong`: code, severity and message, in one line each. */
function raised(wrong: Partial<SlotFacts>): string[] {
  const conditions = slotConditions({
    where: 'source camel: Postgres at db:5432',
    slotName: 'camel',
    publicationName: 'pub',
    captured: ['shop.orders'],
    pid: 7,
    confirmed: 90n,
    systemId: '1',
    timeline: 1,
    stall: undefined,
    server,
    slot,
    publication,
    ...wrong,
  });
  return conditions.map(({code, severity = 'error', message}) => `${code} ${severity}: ${message}`);
}

function one(code: string, remedy: string): unknown {
  return [expect.stringMatching(startOf(code, remedy))];
}

function startOf(code: string, remedy: string): RegExp {
  const escaped = remedy.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${code}: source camel: Postgres at db:5432.*${escaped}`);
}

const snapshotRemedy = "take a new snapshot: SELECT pg_drop_replication_slot('camel')";

describe('slotConditions', () => {
  test('names nothing while all is well, also without a stream, as during a snapshot', () => {
    expect(raised({})).toEqual([]);
    expect(raised({pid: undefined, slot: {...slot, activePid: undefined}})).toEqual([]);
  });

  test('misses a slot that was dropped, and one that was invalidated, for the reason that Postgres tells', () => {
    expect(raised({slot: undefined})).toEqual(one('CDC_SLOT_LOST error', snapshotRemedy));
    expect(raised({slot: {...slot, walStatus: 'lost'}})).toEqual(
      one('CDC_SLOT_LOST error', snapshotRemedy),
    );
    expect(raised({slot: {...slot, invalidationReason: 'idle_timeout'}})).toEqual(
      one('CDC_SLOT_LOST error', '(idle_timeout)'),
    );
  });

  test('sees that a slot is ahead of everything that was confirmed', () => {
    expect(raised({slot: {...slot, confirmedFlush: 91n}})).toEqual(
      one('CDC_SLOT_MOVED error', snapshotRemedy),
    );
  });

  test('tells a slot that nobody reads from one that somebody else reads', () => {
    expect(raised({slot: {...slot, activePid: undefined, inactiveSince: 'noon'}})).toEqual(
      one('CDC_SLOT_INACTIVE error', 'inactive since noon'),
    );
    expect(raised({slot: {...slot, activePid: 8}})).toEqual(
      one('CDC_SLOT_INACTIVE error', 'SELECT pg_terminate_backend(8)'),
    );
  });

  test('check 42: warns when WAL may be lost: unreserved, or less than a fifth of the limit left', () => {
    const limited = {...server, walKeepBytes: 100 * 1048576};

    expect(raised({server: limited, slot: left(0.2)})).toEqual([]);
    expect(raised({server: limited, slot: left(0.19)})).toEqual(
      one('CDC_WAL_AT_RISK warning', "ALTER SYSTEM SET max_slot_wal_keep_size = '200MB'"),
    );
    expect(raised({server: limited, slot: {...left(0), walStatus: 'unreserved'}})).toEqual(
      one('CDC_WAL_AT_RISK warning', 'is unreserved: the next checkpoint'),
    );
  });

  test('check 43: gives the statement for a publication that was dropped or made narrower', () => {
    expect(raised({publication: undefined})).toEqual(
      one('CDC_PUBLICATION_INVALID error', 'CREATE PUBLICATION "pub" FOR TABLE "shop"."orders"'),
    );
    expect(raised({publication: {...publication, tables: []}})).toEqual(
      one('CDC_PUBLICATION_NARROW error', 'ALTER PUBLICATION "pub" ADD TABLE "shop"."orders"'),
    );
    expect(raised({publication: {...publication, missingOperations: ['update']}})).toEqual(
      one(
        'CDC_PUBLICATION_NARROW error',
        'ALTER PUBLICATION "pub" SET (publish = \'insert, update, delete, truncate\')',
      ),
    );
    expect(raised({publication: {...publication, filteredTables: ['shop.orders']}})).toEqual(
      one('CDC_PUBLICATION_NARROW warning', 'SET TABLE "shop"."orders"'),
    );
    expect(raised({publication: {...publication, filteredTables: ['shop.others']}})).toEqual([]);
  });

  test('says whether nothing comes or nothing becomes durable', () => {
    const stall = {forMs: 130_000, bytes: 3_145_728n};

    expect(raised({stall: {...stall, kind: 'received'}})).toEqual(
      one('CDC_STALLED error', 'for 130 s, while 3.0 MB of WAL wait; see what its walsender does'),
    );
    expect(raised({stall: {...stall, kind: 'confirmed'}})).toEqual(
      one('CDC_STALLED error', 'see the conditions of Kafka'),
    );
  });

  test('warns of a promotion and of a primary that has become a standby', () => {
    expect(raised({server: {...server, timeline: 2}})).toEqual(
      one('CDC_TIMELINE_SWITCHED warning', 'its timeline was 1 and is 2'),
    );
    expect(raised({server: {...server, inRecovery: true, timeline: undefined}})).toEqual(
      one('CDC_TIMELINE_SWITCHED warning', 'name the new primary in database.hostname'),
    );
    expect(raised({timeline: undefined})).toEqual([]);
  });

  test('compares nothing with another server', () => {
    expect(raised({server: {...server, systemId: '2'}, slot: undefined})).toEqual(
      one('CDC_SERVER_CHANGED error', 'point database.hostname at the old one'),
    );
  });
});
