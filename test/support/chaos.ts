import {ordersTopology} from '../../src/topology.ts';
import type {KafkaCluster} from '../servers/kafka-cluster.ts';
import type {TopicLeaders} from '../servers/topic-leaders.ts';
import type {Pipeline} from './pipeline.ts';
import type {Random} from './random.ts';
import type {StreamsInstance} from './streams-instance.ts';
import {until} from './until.ts';

export interface ChaosParts {
  /** Three brokers; the first is the controller and stays. */
  readonly cluster: KafkaCluster;
  readonly leaders: TopicLeaders;
  /** The process that captures, and writes to the warehouse. */
  readonly pipeline: Pipeline;
  /** Processes that run tasks; the last one joins later. */
  readonly instances: readonly StreamsInstance[];
  /** Of each topic. */
  readonly partitions: number;
}

/** Everything that the tasks of all instances read together: their number of partitions, when nobody is missing. */
const SOURCES = ordersTopology({semantics: 'cdc', ordersDeletes: 'ignore'}).sources().length;
/** Topics whose leaders move: an input, an output, the coordinators' own. */
const MOVING = [
  'postgres.products.orders',
  'orders_enriched',
  '__consumer_offsets',
  '__transaction_state',
];

/** Processes that are killed, frozen, started and stopped, and brokers that are killed, while the service runs. */
export class Chaos {
  readonly #parts: ChaosParts;
  readonly #random: Random;
  readonly #running: Set<StreamsInstance>;

  constructor(parts: ChaosParts, random: Random) {
    this.#parts = parts;
    this.#random = random;
    this.#running = new Set(parts.instances.slice(0, -1));
  }

  start(): void {
    this.#parts.pipeline.service.start();
    for (const {service} of this.#running) service.start();
  }

  /** kill -9 of a process, which comes back at once. */
  async kill(): Promise<void> {
    const {service} = this.#random.pick([this.#parts.pipeline, ...this.#running]);
    await service.kill();
    service.start();
  }

  /** One process stands still until others have its tasks, and then goes on as if nothing had been. */
  async freeze(): Promise<void> {
    const frozen = this.#random.pick([...this.#running]);
    const others = [...this.#running].filter((instance) => instance !== frozen);
    await this.#allRun(this.#running);
    frozen.service.freeze();
    await this.#allRun(others);
    frozen.service.resume();
  }

  /** kill -9 of a broker that leads partitions; it comes back. */
  async killBroker(): Promise<void> {
    const {cluster} = this.#parts;
    const id = this.#random.pick([2, 3]);
    await cluster.kill(id);
    await this.#allRun(this.#running);
    await cluster.restart(id);
  }

  async moveLeaders(): Promise<void> {
    const topic = this.#random.pick(MOVING);
    await this.#parts.leaders.move(topic);
  }

  /** The last instance joins, or leaves by SIGTERM. */
  async joinOrLeave(): Promise<void> {
    const last = this.#parts.instances.at(-1) as StreamsInstance;
    // One that was killed a moment ago does not listen to signals yet.
    await this.#allRun(this.#running);
    if (this.#running.delete(last)) {
      const code = await last.service.stop();
      if (code !== 0) throw new Error(`it ended with ${code}\n${await last.service.log()}`);
    } else {
      last.service.start();
      this.#running.add(last);
    }
    await this.#allRun(this.#running);
  }

  /** Everything committed in Postgres has reached the warehouse. */
  async caughtUp(): Promise<void> {
    const {pipeline, partitions} = this.#parts;
    const ends = await Promise.all(
      [pipeline.customersDb, pipeline.productsDb].map(async (client) => {
        const {rows} = await client.query<{lsn: string}>(
          `SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS lsn`,
        );
        return BigInt(rows[0]?.lsn ?? '0');
      }),
    );
    let seen: unknown;
    await until(
      'everything has arrived',
      async () => {
        const offsets = await this.#inputs(this.#running);
        const status = await pipeline.service.status().catch(() => undefined);
        seen = {offsets: offsets && Object.fromEntries(offsets), status};
        const logEnds = status?.logEnds ?? null;
        if (offsets === undefined || status === undefined || logEnds === null) return false;
        const areSourcesDone = ['customers', 'products'].every((name, at) => {
          const lsn = (status.components[`source ${name}`]?.['confirmedLsn'] ?? '0/0') as string;
          const [high = '0', low = '0'] = lsn.split('/');
          return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`) >= (ends[at] as bigint);
        });
        const isAtEnd = ([name, offset]: readonly (string | number)[]): boolean =>
          Number(offset) >= (logEnds[String(name)] ?? 0);
        const areSinksDone = pipeline.sinks.every((name) => {
          const sink = (status.components[`sink ${name}`]?.['partitions'] ?? {}) as Readonly<
            Record<string, {readonly nextOffset?: number}>
          >;
          const written = Object.entries(sink);
          return (
            written.length === partitions &&
            written.every(([partition, {nextOffset}]) => isAtEnd([partition, nextOffset ?? -1]))
          );
        });
        return (
          areSourcesDone && this.#isWhole(offsets) && [...offsets].every(isAtEnd) && areSinksDone
        );
      },
      240_000,
      () => JSON.stringify(seen, undefined, 1),
    );
  }

  async stop(): Promise<void> {
    for (const {service} of this.#running) await service.stop();
    await this.#parts.pipeline.service.stop();
  }

  async #allRun(instances: Iterable<StreamsInstance>): Promise<void> {
    const all = [...instances];
    let logs = '';
    await until(
      'all tasks run',
      async () => {
        if (this.#isWhole(await this.#inputs(all))) return true;
        logs = (await Promise.all(all.map(({service}) => service.log()))).join('\n\n');
        return false;
      },
      60_000,
      () => logs,
    );
  }

  #isWhole(offsets: ReadonlyMap<string, number> | undefined): boolean {
    return offsets?.size === SOURCES * this.#parts.partitions;
  }

  async #inputs(
    instances: Iterable<StreamsInstance>,
  ): Promise<ReadonlyMap<string, number> | undefined> {
    const found = await Promise.all([...instances].map((instance) => instance.offsets()));
    if (found.includes(undefined)) return undefined;
    return new Map(found.flatMap((offsets) => [...(offsets ?? [])]));
  }
}
