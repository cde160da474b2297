import {expect, test} from 'vitest';
import {batchLines, handOver} from '../../../src/sinks/databricks/batch-file.ts';

const rows = [
  {offset: 7, key: 'a{b', value: Buffer.from('{"x":"9|{","y":\n{"z":1}}'), timestamp: 1},
  {offset: 8, key: '3|', value: null, timestamp: 1},
  {offset: 9, key: null, value: Buffer.from(' {}'), timestamp: 1},
];

test('a batch has its writer at the head of each line', () => {
  const lines = batchLines(rows, 9, false).toString().split('\n');

  expect(lines).toEqual([
    '9|{"_offset":7,"_key":"a{b","v":{"x":"9|{","y": {"z":1}}}',
    '9|{"_offset":8,"_key":"3|"}',
    '9|{"_offset":9,"_key":null,"v": {}}',
    '',
  ]);
});

test.each([0, 10, 123_456])(
  'handed over to epoch %s it is as if that writer had made it',
  (epoch) => {
    const lines = handOver(batchLines(rows, 9, false), epoch);

    expect(lines.toString()).toBe(batchLines(rows, epoch, false).toString());
  },
);
