import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {Faults, faultPoints} from '../../support/faulty-kafka.ts';
import type {Fault} from '../../support/faulty-kafka.ts';
import {clicks, countTopology, counted, counts, hiddenCounts} from './count-topology.ts';
import {APPLICATION_ID, StreamsHarness} from './streams-harness.ts';

const faults = faultPoints.flatMap((point) =>
  (['crash', 'error'] as const).map((kind): Fault => ({point, kind, nth: 2})),
);
const keys = ['a', 'b', 'c'];
/** 60 clicks in 12 transactions over three keys. */
const transactions = Array.from({length: 12}, (_, t) =>
  Array.from({length: 5}, (_click, i) => ({
    key: keys[(t * 5 + i) % keys.length] as string,
    value: {count: 0},
    timestamp: t,
  })),
);
const perKey = 20;

let harness: StreamsHarness;
beforeEach(async () => {
  harness = await StreamsHarness.open();
  await harness.createTopics([clicks.name]);
});
afterEach(() => harness.close());

describe('exactly once', () => {
  for (const [kind, store] of [
    ['published', counts],
    ['internal', hiddenCounts],
  ] as const) {
    test.each(faults)(`counts each record once in a ${kind} table: $kind $point`, async (fault) => {
      const {table, outputs, processes, injected} = await runWith([fault], store);

      expect(injected).toBe(1);
      expect(processes).toBe(fault.kind === 'crash' ? 2 : 1);
      expect(table).toEqual(new Map(keys.map((key) => [key, {count: perKey}])));
      for (const key of keys) expect(outputs.get(key)).toEqual(oneTo(perKey));
    });
  }
});

async function runWith(injected: readonly Fault[], store: typeof counts) {
  const process = new Faults(injected);
  const feed = async (): Promise<void> => {
    for (const clicked of transactions) {
      await harness.produce(clicks, clicked);
      await harness.caughtUp(clicks);
    }
  };
  const processes = await harness.runThroughFaults(countTopology(store), process, feed);
  const outputs = new Map<string, number[]>();
  for (const [key, row] of await harness.read(counted)) {
    outputs.set(key, [...(outputs.get(key) ?? []), row?.count ?? 0]);
  }
  const changelog =
    store === counts ? counts.name : `${APPLICATION_ID}-${hiddenCounts.name}-changelog`;
  return {
    table: await harness.table(store, changelog),
    outputs,
    processes,
    injected: process.fired,
  };
}
function oneTo(n: number): readonly number[] {
  return Array.from({length: n}, (_, i) => i + 1);
}
