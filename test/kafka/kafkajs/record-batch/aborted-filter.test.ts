import {describe, expect, test} from 'vitest';
import {AbortedFilter} from '../../../../src/kafka/kafkajs/record-batch/aborted-filter.ts';
import type {
  AbortedTransaction,
  FilteredBatch,
} from '../../../../src/kafka/kafkajs/record-batch/aborted-filter.ts';
import {encodeRecordBatch} from '../../../../src/kafka/kafkajs/record-batch/encode-record-batch.ts';
import {recordBatches} from '../../../../src/kafka/kafkajs/record-batch/record-batch.ts';
import {javaCase} from './java-record-batches.ts';

function data(lastOffset: number, producerId: number): FilteredBatch {
  return {lastOffset, producerId, isTransactional: true, isControl: false, isAbort: false};
}

function plain(lastOffset: number): FilteredBatch {
  return {...data(lastOffset, -1), isTransactional: false};
}

function abort(lastOffset: number, producerId: number): FilteredBatch {
  return {...data(lastOffset, producerId), isControl: true, isAbort: true};
}

function commit(lastOffset: number, producerId: number): FilteredBatch {
  return {...abort(lastOffset, producerId), isAbort: false};
}

/** The last offsets of the batches that a reader gets. */
function read(
  aborted: readonly AbortedTransaction[],
  ...batches: readonly FilteredBatch[]
): number[] {
  const filter = new AbortedFilter(aborted);
  return batches.filter((batch) => filter.admits(batch)).map(({lastOffset}) => lastOffset);
}

describe('AbortedFilter', () => {
  test('leaves out two aborted transactions that both began before what was fetched', () => {
    const aborted = [
      {producerId: 1, firstOffset: 3},
      {producerId: 2, firstOffset: 5},
    ];

    const seen = read(aborted, data(10, 2), data(11, 1), abort(12, 1), data(13, 2), abort(14, 2));

    expect(seen).toEqual([]);
  });

  test('takes the list in any order', () => {
    // As the broker's index has it: in the order of completion.
    const aborted = [
      {producerId: 2, firstOffset: 14},
      {producerId: 1, firstOffset: 10},
    ];

    const seen = read(aborted, data(10, 1), data(14, 2), abort(15, 2), data(16, 1), abort(17, 1));

    expect(seen).toEqual([]);
  });

  test('leaves out what was aborted where the marker comes with a later fetch', () => {
    const aborted = [{producerId: 1, firstOffset: 10}];

    expect(read(aborted, data(10, 1), plain(11), data(12, 1))).toEqual([11]);
    // The broker lists it again, and what the producer wrote next is committed.
    expect(read(aborted, data(13, 1), abort(14, 1), data(15, 1), commit(16, 1))).toEqual([15]);
  });

  test('takes a producer for aborted only from where its transaction begins', () => {
    const aborted = [{producerId: 1, firstOffset: 12}];

    const seen = read(aborted, data(10, 1), commit(11, 1), data(12, 1), abort(13, 1));

    expect(seen).toEqual([10]);
  });

  test('tells several transactions of one producer apart', () => {
    const aborted = [
      {producerId: 1, firstOffset: 14},
      {producerId: 1, firstOffset: 10},
    ];
    const batches = [
      data(10, 1),
      abort(11, 1),
      data(12, 1),
      commit(13, 1),
      data(14, 1),
      abort(15, 1),
      data(16, 1),
    ];

    expect(read(aborted, ...batches)).toEqual([12, 16]);
  });

  test('lets other producers through, transactional or not', () => {
    const aborted = [{producerId: 1, firstOffset: 10}];

    const seen = read(aborted, data(10, 1), data(11, 2), plain(12), commit(13, 2), abort(14, 1));

    expect(seen).toEqual([11, 12]);
  });

  test('lets through what its producer wrote in no transaction', () => {
    const outside = {...data(11, 1), isTransactional: false};

    expect(read([{producerId: 1, firstOffset: 10}], data(10, 1), outside)).toEqual([11]);
  });

  test('begins a transaction by the end of a batch whose records compaction took', () => {
    // Batch 10–19 has lost its first records, or all of them: that it covers the first offset counts.
    expect(read([{producerId: 1, firstOffset: 10}], data(19, 1), abort(20, 1))).toEqual([]);
  });

  test('goes on after a batch whose transaction lost its marker to compaction', () => {
    const aborted = [{producerId: 1, firstOffset: 10}];
    const emptied = commit(11, 1);

    expect(read(aborted, data(10, 1), emptied, data(12, 2))).toEqual([12]);
  });

  test('hands out no marker where nothing was aborted', () => {
    expect(read([], data(10, 1), commit(11, 1), data(12, 2), abort(13, 2))).toEqual([10, 12]);
  });

  test('reads markers and data as Java wrote them', () => {
    const {bytes} = javaCase('an aborted transaction, its marker, a committed one, its marker');
    const filter = new AbortedFilter([{producerId: 40, firstOffset: 100}]);

    const admitted = [...recordBatches(bytes)].filter((batch) => filter.admits(batch));

    expect(admitted.map(({baseOffset}) => baseOffset)).toEqual([104]);
  });

  test('does not take a record with the key of an abort marker for one', () => {
    const record = {key: Buffer.alloc(4), value: Buffer.from('v'), timestamp: 1, headers: []};
    const producer = {producerId: 1, producerEpoch: 0, baseSequence: 0, isTransactional: true};
    const [lookalike] = recordBatches(
      encodeRecordBatch([record], {...producer, compression: 'none'}),
    );
    const aborted = [{producerId: 1, firstOffset: 0}];

    expect(read(aborted, lookalike as FilteredBatch, data(1, 1), abort(2, 1))).toEqual([]);
  });
});
