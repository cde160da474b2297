import {beforeEach, describe, expect, test} from 'vitest';
import {NodeMeters} from '../../../src/streams/runtime/node-meters.ts';
import type {StreamRecord} from '../../../src/streams/processor.ts';

const record: StreamRecord<unknown, unknown> = {key: 'a', value: 1, timestamp: 0, headers: []};

let now: number;
let meters: NodeMeters;
let process: (record: StreamRecord<unknown, unknown>) => void;

/** A source that takes 2 µs to read a record, and an operator below it that takes 6. */
beforeEach(() => {
  now = 0;
  meters = new NodeMeters({nowMicros: () => now});
  const join = meters.metered('join', () => (now += 6));
  process = meters.metered('source', (entering) => {
    now += 1;
    join(entering);
  });
});

function handle(): void {
  now += 1;
  process(record);
}

function read(): void {
  if (meters.isDue()) meters.timed('source', handle);
  else handle();
}

function taken(): Record<string, readonly [number, number]> {
  const reports: Record<string, readonly [number, number]> = {};
  meters.take((node, records, seconds) => (reports[node] = [records, Math.round(seconds * 1e6)]));
  return reports;
}

describe('NodeMeters', () => {
  test('counts every record that reaches a node', () => {
    for (let i = 0; i < 10; i++) read();

    expect(taken()).toMatchObject({source: [10, 0], join: [10, 0]});
  });

  test('divides the time of the task as the timed records took it, reading among it', () => {
    for (let i = 0; i < 10; i++) read();
    meters.busy(8000);

    expect(taken()).toEqual({source: [10, 2000], join: [10, 6000]});
  });

  test('keeps the time of records of which none was timed for the next report', () => {
    read();
    taken();
    read();
    meters.busy(800);
    const untimed = taken();
    for (let i = 0; i < 64; i++) read();
    meters.busy(7200);

    expect(untimed).toEqual({source: [1, 0], join: [1, 0]});
    expect(taken()).toEqual({source: [64, 2000], join: [64, 6000]});
  });

  test('forgets what it has reported', () => {
    read();
    taken();

    expect(taken()).toEqual({});
  });
});
