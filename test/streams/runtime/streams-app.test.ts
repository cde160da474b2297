import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {TaskError} from '../../../src/common/errors.ts';
import {json, jsonSr, kafka} from '../../../src/serde/format.ts';
import {integer, notNull, struct, varchar} from '../../../src/serde/schema.ts';
import type {CommittedStore, StoreProvider} from '../../../src/state/committed-store.ts';
import {StreamsBuilder} from '../../../src/streams/dsl/streams-builder.ts';
import {topic} from '../../../src/streams/topic.ts';
import {Gate} from '../../support/gate.ts';
import {until} from '../../support/until.ts';
import {StreamsHarness} from './streams-harness.ts';

const id = notNull(varchar());
const Word = struct({word: id, count: integer()});
const words = topic('words', {key: kafka(id), value: jsonSr(Word)});
const latest = topic('latest', {key: kafka(id), value: jsonSr(Word)});
const shouted = topic('shouted', {key: kafka(id), value: json(Word)});

let harness: StreamsHarness;
beforeEach(async () => {
  harness = await StreamsHarness.open();
});
afterEach(() => harness.close());

describe('StreamsApp', () => {
  test('processes a source to a table and a sink', async () => {
    const app = harness.run(topology());
    await harness.caughtUp();

    await harness.createTopics(['words']);
    await harness.produce(words, [
      {key: 'a', value: {word: 'a', count: 1}, timestamp: 1},
      {key: 'b', value: {word: 'b', count: 2}, timestamp: 2},
      {key: 'a', value: {word: 'a', count: 3}, timestamp: 3},
    ]);
    await harness.caughtUp(words);
    await app.stop();

    const {metrics} = harness;
    expect(metrics.counter('millrace_rebalances_total', {component: 'streams'})).toBe(1);
    expect(metrics.counter('millrace_streams_records_total', {task: '0_0'})).toBe(3);
    expect(metrics.counter('millrace_streams_process_seconds_total', {task: '0_0'})).toBeLessThan(
      60,
    );
    expect(await harness.table(latest)).toEqual(
      new Map([
        ['a', {word: 'a', count: 3}],
        ['b', {word: 'b', count: 2}],
      ]),
    );
    expect(await harness.read(shouted)).toEqual([
      ['a', {word: 'A', count: 1}],
      ['b', {word: 'B', count: 2}],
      ['a', {word: 'A', count: 3}],
    ]);
  });

  test('lets others have their turn every few records of a backlog', async () => {
    let atOnce = 0;
    let longest = 0;
    const {clock} = harness;
    const turn = clock.yield.bind(clock);
    vi.spyOn(clock, 'yield').mockImplementation(async () => {
      atOnce = 0;
      return turn();
    });
    const builder = new StreamsBuilder();
    builder
      .stream(words)
      .peek(() => (longest = Math.max(longest, ++atOnce)))
      .to(shouted);
    await harness.createTopics(['words']);
    await harness.produce(
      words,
      Array.from({length: 900}, (_, count) => ({key: 'a', value: {word: 'a', count}})),
    );

    const app = harness.run(builder.build());
    await harness.caughtUp(words);
    await app.stop();

    expect(await harness.read(shouted)).toHaveLength(900);
    expect(longest).toBe(200);
  });

  test('is running once its stores are open and restored, and not before', async () => {
    const gate = new Gate();
    gate.shut();
    const stores: StoreProvider = {
      open: async (...names) => {
        await gate.pass();
        return harness.stores.open(...names);
      },
      stored: () => harness.stores.stored(),
    };
    await harness.createTopics(['words']);
    const running = harness.run(topology(), {stores});
    await until('it opens a store', () => gate.waiting > 0);

    expect(running.app.status()).toMatchObject({
      state: 'starting',
      tasks: {'0_0': {state: 'restoring'}},
    });

    gate.open();
    await until('it runs', () => running.app.status().state === 'running');
    await running.stop();
  });

  test('closes a store that turns out to be damaged, for only the next open mends it', async () => {
    const opened: CommittedStore[] = [];
    const stores: StoreProvider = {
      open: async (...names) => {
        const store = await harness.stores.open(...names);
        opened.push(store);
        if (opened.length === 1) {
          vi.spyOn(store, 'apply').mockImplementation(async () => {
            throw new TaskError('STATE_CORRUPTED', 'Store latest is corrupted');
          });
        }
        return store;
      },
      stored: () => harness.stores.stored(),
    };
    const app = harness.run(topology(), {stores});
    await harness.createTopics(['words']);
    await harness.produce(words, [{key: 'a', value: {word: 'a', count: 1}}]);
    // The first one has failed behind the commit in Kafka, so that all input counts as processed already.
    await until('it was opened again', () => opened.length === 2);
    await app.stop();

    expect(opened).toHaveLength(2);
    expect(await harness.table(latest)).toEqual(new Map([['a', {word: 'a', count: 1}]]));
  });
});

function topology() {
  const builder = new StreamsBuilder();
  const stream = builder.stream(words);
  stream.toTable(latest);
  stream.mapValues((row) => ({...row, word: row.word.toUpperCase()})).to(shouted);
  return builder.build();
}
