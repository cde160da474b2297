/*
 * The embedded log alone: a producer writes 300-byte records to three topics in transactions of a thousand records each,
 * a read_committed reader follows. `npx tsx bench/embedded-kafka.bench.ts [records] [per transaction and topic]`
 */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {systemClock} from '../src/common/clock.ts';
import {silentLogger} from '../src/common/logger.ts';
import type {ProducerRecord} from '../src/kafka/client.ts';
import {EmbeddedKafka} from '../src/kafka/embedded/embedded-kafka.ts';

const TOPICS = ['orders', 'orders_flattened', 'orders_enriched'];

const records = Number(process.argv[2] ?? 1_000_000);
const perTopic = Number(process.argv[3] ?? 333);
const directory = await mkdtemp(join(tmpdir(), 'embedded-kafka-bench-'));
const kafka = await EmbeddedKafka.open({directory, clock: systemClock, logger: silentLogger});
await kafka.admin.ensureTopics(
  TOPICS.map((name) => ({name, partitions: 1, cleanupPolicy: 'delete'})),
);

function makeRecord(i: number): ProducerRecord {
  const row = {order_id: `order-${i}`, quantity: i % 7, note: 'n'.repeat(190), customer: i % 1000};
  return {
    key: Buffer.from(`{"order_id":"order-${i}"}`),
    value: Buffer.from(JSON.stringify(row)),
    timestamp: 1_700_000_000_000 + i,
    headers: [{key: '__millrace.source', value: Buffer.from('0123456789abcamel')}],
  };
}

async function consume(from: readonly string[]): Promise<number> {
  const fetcher = kafka.fetcher({isolation: 'read_committed'});
  for (const topic of from) fetcher.assign({topic, partition: 0}, 0);
  let seen = 0;
  let bytes = 0;
  while (seen < made * (from.length / TOPICS.length)) {
    for (const answer of await fetcher.poll(1000)) {
      seen += answer.records.length;
      for (const record of answer.records) bytes += record.value?.length ?? 0;
    }
  }
  await fetcher.close();
  return bytes;
}

function cpuSeconds(): number {
  const {user, system} = process.cpuUsage();
  return (user + system) / 1e6;
}

const rounds = Math.ceil(records / perTopic / TOPICS.length);
const made = rounds * perTopic * TOPICS.length;
const pool = Array.from({length: perTopic * 4}, (_, i) => makeRecord(i));

async function produce(copy: boolean): Promise<{slowest: number}> {
  const producer = kafka.transactionalProducer('bench');
  await producer.init();
  let slowest = 0;
  for (let round = 0; round < rounds; round++) {
    const at = (round % 4) * perTopic;
    const batch = pool.slice(at, at + perTopic);
    producer.begin();
    await producer.send(
      TOPICS.map((topic) => ({
        topic,
        partition: 0,
        // As a real producer's, each record has bytes of its own.
        records: copy
          ? batch.map((record) => ({...record, value: Buffer.from(record.value!)}))
          : batch,
      })),
    );
    const started = systemClock.nowMicros();
    await producer.commit();
    slowest = Math.max(slowest, systemClock.nowMicros() - started);
  }
  return {slowest};
}

async function measure(name: string, run: () => Promise<unknown>): Promise<void> {
  const cpu = cpuSeconds();
  const wall = systemClock.now();
  const detail = await run();
  const perMillion = ((cpuSeconds() - cpu) / made) * 1e6;
  const rss = Math.round(process.memoryUsage().rss / 2 ** 20);
  console.log(
    `${name}: ${perMillion.toFixed(2)} CPU-s per million records, ${systemClock.now() - wall} ms, RSS ${rss} MiB`,
    detail,
  );
}

await measure('produce and follow', () => Promise.all([produce(false), consume(TOPICS)]));
await measure('the same, with values copied', () => produce(true));
await measure('read from the journal', () => consume(TOPICS));
await kafka.close();
await measure('open again', async () => {
  const again = await EmbeddedKafka.open({directory, clock: systemClock, logger: silentLogger});
  await again.close();
});
await rm(directory, {recursive: true});
