import {describe, expect, test} from 'vitest';
import {startingDecision} from '../../../../src/cdc/postgres/slot/starting-point.ts';
import type {
  SlotState,
  SnapshotMode,
  StartingFacts,
} from '../../../../src/cdc/postgres/slot/starting-point.ts';

const durable = {lsn: 100n, systemId: '7'};
const slot: SlotState = {
  plugin: 'pgoutput',
  database: 'shop',
  activePid: undefined,
  walStatus: 'reserved',
  confirmedFlush: 90n,
};

function decide(facts: Partial<StartingFacts>): string {
  const decision = startingDecision({
    where: 'source camel: Postgres at db:5432',
    slotName: 'camel',
    snapshotMode: 'initial',
    durable,
    isClaimed: true,
    slot,
    systemId: '7',
    diverged: undefined,
    dbname: 'shop',
    ...facts,
  });
  if (decision.action === 'fail') return decision.error.code;
  if (decision.action === 'resume')
    return `resume ${decision.from}${decision.snapshot ? ' snapshot' : ''}`;
  return [decision.dropFirst && 'drop', 'create', decision.snapshot && 'snapshot']
    .filter(Boolean)
    .join(' ');
}

/** In each snapshot mode: initial, never, initial_only, when_needed, always. */
function inEachMode(facts: Partial<StartingFacts>): string[] {
  const modes: SnapshotMode[] = ['initial', 'never', 'initial_only', 'when_needed', 'always'];
  return modes.map((snapshotMode) => decide({...facts, snapshotMode}));
}

const all = (decision: string): string[] => Array.from({length: 5}, () => decision);
const unlessNeeded = (code: string): string[] => [
  code,
  code,
  code,
  'drop create snapshot',
  'drop create snapshot',
];

describe('startingDecision', () => {
  test('case 1: leaves a slot of another database or plugin alone', () => {
    expect(inEachMode({slot: {...slot, database: 'other'}})).toEqual(all('CDC_SLOT_IN_USE'));
    expect(inEachMode({slot: {...slot, plugin: 'wal2json'}, durable: undefined})).toEqual(
      all('CDC_SLOT_IN_USE'),
    );
  });

  test('case 2: creates a slot where there is nothing', () => {
    expect(inEachMode({slot: undefined, durable: undefined})).toEqual([
      'create snapshot',
      'create',
      'create snapshot',
      'create snapshot',
      'create snapshot',
    ]);
  });

  test('case 4: leaves a slot alone that somebody else has made, unless it is to go on where that is', () => {
    expect(inEachMode({durable: undefined, isClaimed: false})).toEqual([
      'CDC_SLOT_IN_USE',
      'resume 90',
      'CDC_SLOT_IN_USE',
      'CDC_SLOT_IN_USE',
      'CDC_SLOT_IN_USE',
    ]);
  });

  test('cases 3 and 4: takes over a slot that nothing was committed from in mode never, else starts over', () => {
    expect(inEachMode({durable: undefined})).toEqual([
      'drop create snapshot',
      'resume 90',
      'drop create snapshot',
      'drop create snapshot',
      'drop create snapshot',
    ]);
  });

  test('case 5: does not compare positions of another server', () => {
    expect(inEachMode({systemId: '8'})).toEqual(unlessNeeded('CDC_SLOT_LOST'));
  });

  test('case 6: misses a slot that was there', () => {
    expect(inEachMode({slot: undefined})).toEqual([
      'CDC_SLOT_LOST',
      'CDC_SLOT_LOST',
      'resume 100',
      'create snapshot',
      'create snapshot',
    ]);
  });

  test('case 7: cannot read on from an invalidated slot', () => {
    expect(inEachMode({slot: {...slot, walStatus: 'lost'}})).toEqual(unlessNeeded('CDC_SLOT_LOST'));
  });

  test('case 8: cannot know what a slot that is ahead has left out', () => {
    expect(inEachMode({slot: {...slot, confirmedFlush: 101n}})).toEqual(
      unlessNeeded('CDC_SLOT_MOVED'),
    );
  });

  test('case 9: does not go on where the WAL took another way', () => {
    expect(inEachMode({diverged: 'promoted'})).toEqual(unlessNeeded('CDC_TIMELINE_SWITCHED'));
  });

  test('case 10: resumes at what is durable, not at what the slot has heard of', () => {
    const resumed = [...all('resume 100').slice(1), 'resume 100 snapshot'];
    expect(inEachMode({})).toEqual(resumed);
    expect(inEachMode({slot: {...slot, confirmedFlush: 100n}})).toEqual(resumed);
  });
});
