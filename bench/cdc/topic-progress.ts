import {systemClock} from '../../src/common/clock.ts';
import type {Fetcher, KafkaClient, PartitionOffsets} from '../../src/kafka/client.ts';

const POLL_MS = 20;
/** Longer than a commit interval of any of the systems. */
const QUIET_MS = 1000;
const STALL_MS = 180_000;

/** When the records of a topic's one partition came, as `performance.now()`. */
export interface Progress {
  /** When the first one was written, committed or not. */
  readonly first: number;
  /** When the last one was committed. */
  readonly last: number;
}

/** Where a reader under read_committed may read to. */
export async function stableEnd(kafka: KafkaClient, topic: string): Promise<number> {
  return (await ends(kafka, topic)).stable;
}

async function ends(kafka: KafkaClient, topic: string): Promise<PartitionOffsets> {
  const [offsets] = await kafka.admin.offsets([{topic, partition: 0}]);
  if (offsets === undefined) throw new Error(`there is no topic ${topic}`);
  return offsets;
}

/** Waits until at least `records` are committed after `start`, and nothing more comes; `onFirst` when the first one is there. */
export async function arrived(
  kafka: KafkaClient,
  topic: string,
  start: number,
  records: number,
  onFirst: () => void = () => undefined,
): Promise<Progress> {
  let first = 0;
  let last = performance.now();
  for (let end = start; ; await systemClock.sleep(POLL_MS)) {
    const {latest, stable} = await ends(kafka, topic);
    const at = performance.now();
    if (first === 0 && latest > start) {
      first = at;
      onFirst();
    }
    if (stable > end) {
      last = at;
      end = stable;
    } else if (end >= start + records && at - last > QUIET_MS) {
      return {first, last};
    } else if (at - last > STALL_MS) {
      throw new Error(
        `${end - start} of ${records} records of ${topic} have come, and none for ${STALL_MS / 1000} s`,
      );
    }
  }
}

/** Reads committed records from `start` up to the stable end; resolves with their number. */
export async function countRecords(
  kafka: KafkaClient,
  topic: string,
  start: number,
): Promise<number> {
  const end = await stableEnd(kafka, topic);
  const fetcher = kafka.fetcher({isolation: 'read_committed'});
  fetcher.assign({topic, partition: 0}, start);
  const {signal} = new AbortController();
  let count = 0;
  for (let at = start; at < end;) {
    for (const batch of await fetcher.poll(1000, signal)) {
      count += batch.records.length;
      at = batch.position;
    }
  }
  await fetcher.close();
  return count;
}

/** Reads a topic from its end on, and notes how long after its commit each change event could be read. */
export class LatencyReader {
  /** Milliseconds from `source.ts_us` of the event, by the clock of this machine. */
  readonly latencies: number[] = [];
  readonly #fetcher: Fetcher;
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;

  private constructor(fetcher: Fetcher) {
    this.#fetcher = fetcher;
    this.#done = this.#run();
  }

  static async open(kafka: KafkaClient, topic: string): Promise<LatencyReader> {
    const fetcher = kafka.fetcher({isolation: 'read_committed'});
    fetcher.assign({topic, partition: 0}, await stableEnd(kafka, topic));
    return new LatencyReader(fetcher);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#done;
    await this.#fetcher.close();
  }

  async #run(): Promise<void> {
    const {signal} = this.#closing;
    while (!signal.aborted) {
      for (const {records} of await this.#fetcher.poll(1000, signal)) {
        const now = performance.timeOrigin + performance.now();
        for (const {value} of records) {
          const micros = /"ts_us":(\d+)/.exec(value?.toString() ?? '')?.[1];
          if (micros !== undefined) this.latencies.push(now - Number(micros) / 1000);
        }
      }
    }
  }
}
