import {assert, asyncProperty} from 'fast-check';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {compressionTypes} from '../../../../src/kafka/kafkajs/record-batch/compression.ts';
import {encodeRecordBatch} from '../../../../src/kafka/kafkajs/record-batch/encode-record-batch.ts';
import {JavaProgram} from '../../../servers/java-program.ts';
import {producerRecords} from './arbitrary-records.ts';
import {recordsOf} from './java-record-batches.ts';
import type {JavaBatch} from './java-record-batches.ts';
import {textOf} from './text-of.ts';

const producer = {producerId: 4000, producerEpoch: 3, baseSequence: 70, isTransactional: true};

describe('encodeRecordBatch', () => {
  let java: JavaProgram;

  beforeAll(async () => {
    java = await JavaProgram.start('RecordBatches', []);
  });

  afterAll(() => java.stop());

  async function readByJava(bytes: Buffer): Promise<readonly JavaBatch[]> {
    java.send(bytes.toString('base64'));
    const {batches} = await java.next<{readonly batches: readonly JavaBatch[]}>();
    return batches;
  }

  test.each(compressionTypes)('writes what Java reads: %s', async (compression) => {
    await assert(
      asyncProperty(producerRecords, async (records) => {
        const bytes = encodeRecordBatch(records, {...producer, compression});

        const batches = await readByJava(bytes);

        expect(batches).toMatchObject([{...producer, compression, baseOffset: 0}]);
        const expected = records.map((each, offset) => ({...each, offset}));
        expect(batches.flatMap(recordsOf).map(textOf)).toEqual(expected.map(textOf));
      }),
    );
  });
});
