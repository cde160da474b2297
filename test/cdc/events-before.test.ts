import {describe, expect, test} from 'vitest';
import {eventsBefore} from '../../src/cdc/events-before.ts';
import type {SourceEvent} from '../../src/cdc/replication-source.ts';
import {insert, relation} from '../support/scripted-source.ts';

const row: SourceEvent = {...insert(relation(), ['1']), lsn: 1n};
const begin = (commitLsn: bigint): SourceEvent => ({
  kind: 'begin',
  commitLsn,
  commitTime: 0,
  xid: 7,
});
const commit = (endLsn: bigint): SourceEvent => ({kind: 'commit', endLsn});
const idle = (endLsn: bigint): SourceEvent => ({kind: 'idle', endLsn});

/** What is left of `chunks` before 100, each as its kinds; fails when more is asked for than `chunks`. */
async function kept(...chunks: readonly (readonly SourceEvent[])[]): Promise<string[]> {
  async function* endless(): AsyncGenerator<readonly SourceEvent[]> {
    yield* chunks;
    throw new Error('asked for more');
  }
  const texts: string[] = [];
  for await (const chunk of eventsBefore(endless(), 100n))
    texts.push(chunk.map(({kind}) => kind).join(' '));
  return texts;
}

describe('eventsBefore', () => {
  test('ends before a transaction that was committed at or after the position', async () => {
    expect(await kept([begin(80n), row], [row, commit(90n), begin(100n), row])).toEqual([
      'begin insert',
      'insert commit',
    ]);
  });

  test('ends with the transaction whose end is the position', async () => {
    expect(await kept([begin(80n), row, commit(100n), idle(100n)])).toEqual([
      'begin insert commit',
    ]);
  });

  test('ends without an idle position that lies beyond it, and keeps one that does not', async () => {
    expect(await kept([idle(99n)], [idle(120n)])).toEqual(['idle']);
  });
});
