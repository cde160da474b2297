import {describe, expect, test} from 'vitest';
import {slotChecks} from '../../../../src/cdc/postgres/check/slot-checks.ts';
import type {SlotCheckFacts} from '../../../../src/cdc/postgres/check/slot-checks.ts';
import type {ObservedSlot} from '../../../../src/cdc/postgres/slot/slot-observation.ts';
import {troubles} from '../../../support/check-results.ts';

const observed: ObservedSlot = {
  activePid: undefined,
  walStatus: 'reserved',
  safeWalSize: undefined,
  restartLsn: 90n,
  confirmedFlush: 100n,
  invalidationReason: undefined,
  inactiveSince: undefined,
  failover: false,
  synced: false,
};

function check(
  slot: Partial<ObservedSlot> | undefined,
  facts: Partial<SlotCheckFacts> = {},
): readonly string[] {
  const seen = slot && {...observed, ...slot};
  return troubles(
    slotChecks({
      where: 'source camel: Postgres at db:5432',
      slotName: 'camel',
      publicationName: 'camel',
      dbname: 'shop',
      snapshotMode: 'initial',
      slot: seen && {
        plugin: 'pgoutput',
        database: 'shop',
        activePid: seen.activePid,
        walStatus: seen.walStatus,
        confirmedFlush: seen.confirmedFlush,
      },
      observation: {
        server: {
          systemId: '1',
          timeline: 1,
          inRecovery: false,
          walEnd: 200n,
          walKeepBytes: 1_048_576,
        },
        slot: seen,
        publication: undefined,
        found: [],
      },
      stored: undefined,
      failover: false,
      version: 180_000,
      ...facts,
    }),
  );
}

const stored = (lsn: bigint, systemId = '1') => ({
  stored: {isClaimed: true, offset: {lsn, systemId}},
});

describe('slotChecks', () => {
  test('finds nothing wrong with a slot that is there, or that the service makes', () => {
    expect(check({})).toEqual([]);
    expect(check({}, stored(100n))).toEqual([]);
    expect(check(undefined)).toEqual([]);
  });

  test('names one whose WAL is gone, whether Kafka could be asked or not', () => {
    const lost = {walStatus: 'lost', invalidationReason: 'wal_removed'};

    expect(check(lost)).toEqual([
      expect.stringMatching(
        /^failed slot camel: .* was invalidated \(wal_removed\).* -> take a new/,
      ),
    ]);
    expect(check(lost, stored(100n))).toEqual([
      expect.stringMatching(/^failed slot camel: .* was invalidated.* -> take a new snapshot: /),
    ]);
  });

  test('names one that was moved, or dropped, since Kafka has its last offset', () => {
    expect(check({}, stored(50n))).toEqual([
      expect.stringMatching(/^failed slot camel: .* advanced by somebody else/),
    ]);
    expect(check(undefined, stored(50n))).toEqual([
      expect.stringMatching(/^failed slot camel: .* does not exist any more/),
    ]);
    expect(check(undefined, {...stored(50n), snapshotMode: 'when_needed'})).toEqual([]);
  });

  test('warns of WAL that is about to be removed, with what to raise', () => {
    expect(check({walStatus: 'unreserved'})).toEqual([
      expect.stringMatching(
        /^warning slot camel: .* is unreserved: .* -> raise it now: ALTER SYSTEM SET max_slot_wal_keep_size/,
      ),
    ]);
  });

  test('warns of one that somebody reads', () => {
    expect(check({activePid: 7})).toEqual([
      'warning slot camel: there, active for PID 7, wal_status reserved -> where that is not this service, which runs: stop the other client, or choose another slot.name -> SELECT pg_terminate_backend(7);',
    ]);
  });

  test('warns where standbys can have no copy', () => {
    expect(check({}, {failover: true, version: 169_999})).toEqual([
      expect.stringMatching(/^warning slot camel: slot.failover has no effect before Postgres 17/),
    ]);
    expect(check({}, {failover: true, version: 170_000})).toEqual([]);
  });
});
