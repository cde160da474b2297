import {describe, expect, test} from 'vitest';
import {
  replicationRoleCheck,
  serverChecks,
} from '../../../../src/cdc/postgres/check/server-checks.ts';
import type {ServerState} from '../../../../src/cdc/postgres/check/server-state.ts';
import {resultOf, troubles} from '../../../support/check-results.ts';

const healthy: ServerState = {
  version: 180_001,
  inRecovery: false,
  walLevel: 'logical',
  maxReplicationSlots: 10,
  usedReplicationSlots: 1,
  maxWalSenders: 10,
  usedWalSenders: 1,
  walSenderTimeoutMs: 60_000,
  maxSlotWalKeepMb: 65_536,
  idleSlotTimeoutS: 0,
  isSuperuser: false,
  mayReplicate: true,
  replicationRole: null,
  mayCreate: true,
  ownsPublication: false,
  owned: [],
  closedSchemas: [],
};

function check(state: Partial<ServerState>, hasSlot = false) {
  return serverChecks({...healthy, ...state}, {hasSlot});
}

describe('serverChecks', () => {
  test('finds nothing wrong with a healthy server', () => {
    expect(troubles(check({}))).toEqual([]);
  });

  test('refuses versions that are too old, and a standby', () => {
    expect(resultOf(check({version: 130_014}), 'version')).toBe(
      'failed version: Postgres 13 -> upgrade to Postgres 14 or later',
    );
    expect(resultOf(check({inRecovery: true}), 'version')).toMatch(/^failed .* a standby -> name/);
  });

  test.each([
    [{usedReplicationSlots: 9}, false, 'ok'],
    [{usedReplicationSlots: 10}, false, 'failed'],
    [{usedReplicationSlots: 10}, true, 'ok'],
  ])('counts slots: %j, with its own %s: %s', (state, hasSlot, outcome) => {
    expect(resultOf(check(state, hasSlot), 'max_replication_slots')).toMatch(
      new RegExp(`^${outcome} `),
    );
  });

  test.each([
    [{usedWalSenders: 9}, false, 'ok'],
    [{usedWalSenders: 10}, false, 'failed'],
    [{usedWalSenders: 10}, true, 'ok'],
    [{usedWalSenders: 0, maxWalSenders: 0}, true, 'failed'],
  ])('counts walsenders: %j, with its own slot %s: %s', (state, hasSlot, outcome) => {
    expect(resultOf(check(state, hasSlot), 'max_wal_senders')).toMatch(new RegExp(`^${outcome} `));
  });

  test('warns of a walsender that ends with each short pause', () => {
    expect(resultOf(check({walSenderTimeoutMs: 9_999}), 'wal_sender_timeout')).toMatch(
      /^warning .* -> ALTER SYSTEM SET wal_sender_timeout = '60s';/,
    );
    expect(resultOf(check({walSenderTimeoutMs: 10_000}), 'wal_sender_timeout')).toMatch(/^ok /);
  });
});

describe('replicationRoleCheck', () => {
  test('gives the right by the role of the cloud, where there is one', () => {
    const state = {...healthy, mayReplicate: false, replicationRole: 'rds_replication'};

    expect(replicationRoleCheck(state, 'me').commands).toEqual(['GRANT rds_replication TO "me";']);
  });
});
