import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import * as fc from 'fast-check';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {silentLogger} from '../../src/common/logger.ts';
import type {CommittedStore, StoreProvider} from '../../src/state/committed-store.ts';
import {LevelStoreProvider} from '../../src/state/level/level-store-provider.ts';
import {MemoryStoreProvider} from '../../src/state/memory-store.ts';
import {TypedStore} from '../../src/state/typed-store.ts';
import {encodeTuple} from '../../src/streams/operators/tuple-key.ts';
import {row, textKeys, tupleKeys} from './numbered-rows.ts';
import type {Row} from './numbered-rows.ts';

type Operation =
  | {readonly kind: 'put'; readonly key: string; readonly n: number}
  | {readonly kind: 'delete' | 'get' | 'range'; readonly key: string}
  | {readonly kind: 'commit' | 'abort' | 'reopen'};

const unit = fc.constantFrom('a', 'b', '\u0000', 'é', '\uffff', '😀');
const key = fc.string({unit, maxLength: 3});
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {weight: 6, arbitrary: fc.record({kind: fc.constant('put'), key, n: fc.nat(99)})},
  {weight: 3, arbitrary: fc.record({kind: fc.constantFrom('delete', 'get', 'range'), key})},
  {weight: 2, arbitrary: fc.record({kind: fc.constantFrom('commit', 'abort')})},
  {weight: 1, arbitrary: fc.record({kind: fc.constant('reopen')})},
);

/** The two ways of use: keyed by text, or by tuples and telling each write. */
interface Keys<K> {
  readonly of: (text: string) => K;
  readonly prefix: (text: string) => Buffer;
  readonly open: (
    committed: CommittedStore,
    tell: (key: Buffer, value: Buffer | null) => void,
  ) => TypedStore<K, Row>;
}

const byText: Keys<string> = {
  of: (text) => text,
  prefix: (text) => Buffer.from(text),
  open: (committed) => new TypedStore<string, Row>(committed, {...textKeys, maxCachedRows: 3}),
};

const byTuple: Keys<Buffer> = {
  of: (text) => encodeTuple(text),
  // The encoding ends with a terminator of two bytes.
  prefix: (text) => encodeTuple(text).subarray(0, -2),
  open: (committed, onWrite) =>
    new TypedStore<Buffer, Row>(committed, {...tupleKeys, onWrite, maxCachedRows: 3}),
};

/** What a store answers to the operations, step by step, and what a map would. */
async function run<K>(
  provider: StoreProvider,
  {of, prefix, open}: Keys<K>,
  operations: readonly Operation[],
): Promise<{answers: unknown[]; expected: unknown[]}> {
  const answers: unknown[] = [];
  const expected: unknown[] = [];
  const told: [Buffer, Buffer | null][] = [];
  const tell = (bytes: Buffer, value: Buffer | null): void => void told.push([bytes, value]);
  let committed = await provider.open('0_0', 'rows');
  let store = open(committed, tell);
  let durable = new Map<string, Row>();
  let written = new Map<string, Row>();
  let offset = 0;

  const range = (text: string): void => {
    answers.push([...store.range(prefix(text))]);
    const found = [...written].filter(([candidate]) => candidate.startsWith(text));
    const sorted = found.toSorted(([a], [b]) => prefix(a).compare(prefix(b)));
    expected.push(sorted.map(([match, value]) => [of(match), value]));
  };
  for (const step of operations) {
    if (step.kind === 'put') {
      store.put(of(step.key), row(step.n));
      written.set(step.key, row(step.n));
    } else if (step.kind === 'delete') {
      store.delete(of(step.key));
      written.delete(step.key);
    } else if (step.kind === 'get') {
      answers.push(store.get(of(step.key)));
      expected.push(written.get(step.key));
    } else if (step.kind === 'range') {
      range(step.key);
    } else if (step.kind === 'commit') {
      const writes = store.takeWrites();
      // A changelog of all that was told amounts to the same rows.
      const last = new Map(told.map(([bytes, value]) => [bytes.toString('latin1'), value]));
      if (told.length > 0) {
        answers.push(writes.map(([bytes, value]) => [bytes.toString('latin1'), value ?? null]));
        expected.push([...last]);
      }
      told.splice(0);
      await store.commit(writes, {topicId: 'topic-1', offset: ++offset});
      durable = new Map(written);
    } else {
      if (step.kind === 'abort') {
        store.abort();
      } else {
        await committed.close();
        committed = await provider.open('0_0', 'rows');
        store = open(committed, tell);
        answers.push(committed.checkpoint?.offset ?? 0);
        expected.push(offset);
      }
      told.splice(0);
      written = new Map(durable);
    }
  }
  range('');
  await committed.close();
  return {answers, expected};
}

describe('TypedStore', () => {
  test('answers as a map does, over committed rows in memory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, {maxLength: 80}), async (operations) => {
        const text = await run(new MemoryStoreProvider(), byText, operations);
        expect(text.answers).toEqual(text.expected);

        const tuple = await run(new MemoryStoreProvider(), byTuple, operations);
        expect(tuple.answers).toEqual(tuple.expected);
      }),
      {numRuns: 100},
    );
  });

  describe('over LevelDB', () => {
    let directory: string;
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'millrace-state-'));
    });
    afterEach(() => rm(directory, {recursive: true, force: true}));

    test('answers as a map does', async () => {
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(operation, {minLength: 20, maxLength: 60}),
          async (operations) => {
            const path = join(directory, String(++runs));
            const provider = await LevelStoreProvider.open(path, {logger: silentLogger});
            try {
              const {answers, expected} = await run(provider, byText, operations);
              expect(answers).toEqual(expected);
            } finally {
              await provider.close();
            }
          },
        ),
        {numRuns: 12, endOnFailure: true},
      );
    });
  });
});
