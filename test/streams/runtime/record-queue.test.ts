import {describe, expect, test} from 'vitest';
import {RecordQueue} from '../../../src/streams/runtime/record-queue.ts';
import {clicksSource, fetched} from './fetched.ts';

const partition = {topic: 'clicks', partition: 0};

function queue(offset = 0): RecordQueue {
  return new RecordQueue(clicksSource, partition, offset);
}

describe('RecordQueue', () => {
  test('begins without a head, and commits the offset that it begins at', () => {
    const {head, size, nextOffset, highWatermark, feeds} = queue(7);

    expect({head, size, nextOffset, highWatermark, feeds}).toEqual({
      head: undefined,
      size: 0,
      nextOffset: 7,
      highWatermark: undefined,
      feeds: 'stream',
    });
  });

  test('hands out the records of all answers in offset order', () => {
    const records = queue();
    records.push(fetched(0, 2));
    records.push(fetched(2, 3));

    const offsets: number[] = [];
    while (records.head !== undefined) offsets.push(records.shift().offset);

    expect(offsets).toEqual([0, 1, 2, 3, 4]);
    expect(records.size).toBe(0);
  });

  test('counts what waits', () => {
    const records = queue();
    records.push(fetched(0, 2));
    records.push(fetched(2, 3));
    records.shift();

    expect(records.size).toBe(4);
  });

  test('knows when its head arrived', () => {
    const records = queue();
    records.push(fetched(0, 1, {arrivedAt: 3}));
    records.push(fetched(1, 2, {arrivedAt: 5}));

    const arrivals = [records.headArrivedAt];
    for (let i = 0; i < 3; i++) {
      records.shift();
      arrivals.push(records.headArrivedAt);
    }

    expect(arrivals).toEqual([3, 5, 5, -1]);
  });

  test('commits the offset of its head, and when it is empty the position behind control records', () => {
    const records = queue();
    records.push(fetched(0, 2, {position: 5}));
    const offsets = [records.nextOffset];
    records.shift();
    offsets.push(records.nextOffset);
    records.shift();
    offsets.push(records.nextOffset);

    expect(offsets).toEqual([0, 1, 5]);
  });

  test('takes over watermarks and position from answers without records', () => {
    const records = queue();
    records.push(fetched(4, 0, {position: 6, highWatermark: 9, sentAt: 8}));

    const {head, position, highWatermark, sentAt, nextOffset} = records;
    expect({head, position, highWatermark, sentAt, nextOffset}).toEqual({
      head: undefined,
      position: 6,
      highWatermark: 9,
      sentAt: 8,
      nextOffset: 6,
    });
  });
});
