import {systemClock} from '../../../src/common/clock.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import {EmbeddedKafka} from '../../../src/kafka/embedded/embedded-kafka.ts';
import {logTopics, writeTransaction} from '../numbered-transactions.ts';

/**
 * Writes transactions to the log in the directory given as argument, numbered from the second argument on, and the
 * number of each one that is committed. Everything that happens in the background happens often.
 */
const [directory, first] = process.argv.slice(2);
process.stdout.write('opening\n');
const kafka = await EmbeddedKafka.open({
  directory: directory as string,
  clock: systemClock,
  logger: silentLogger,
  segmentBytes: 64 << 10,
  checkpointBytes: 32 << 10,
  minDirtyBytes: 16 << 10,
  deleteRetentionMs: 0,
});
try {
  await kafka.admin.ensureTopics(logTopics);
  const producer = kafka.transactionalProducer('writer');
  await producer.init();
  for (let number = Number(first); ; number++) {
    const committed = await writeTransaction(producer, number);
    if (committed) process.stdout.write(`${number}\n`);
  }
} catch (error) {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  process.stdout.write(`${error instanceof Error ? error.name : ''} ${String(code)}\n`);
  await kafka.close();
}
