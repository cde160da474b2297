import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Conditions} from '../../../src/common/conditions.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import {noMetrics} from '../../support/no-metrics.ts';
import {EmbeddedKafka} from '../../../src/kafka/embedded/embedded-kafka.ts';
import type {ProducerRecord} from '../../../src/kafka/client.ts';
import {localSerdes} from '../../../src/serde/local-serdes.ts';
import {LevelStoreProvider} from '../../../src/state/level/level-store-provider.ts';
import {MemoryStoreProvider} from '../../../src/state/memory-store.ts';
import {StreamsApp} from '../../../src/streams/runtime/streams-app.ts';
import type {StreamsOptions} from '../../../src/streams/runtime/streams-app.ts';
import type {Topic} from '../../../src/streams/topic.ts';
import type {Topology} from '../../../src/streams/topology/topology.ts';
import {FastClock} from '../../support/fast-clock.ts';
import {Crash, Faults, FaultyKafka, FaultyStores} from '../../support/faulty-kafka.ts';
import type {Fault} from '../../support/faulty-kafka.ts';
import {ParkingKafka} from '../../support/parking-kafka.ts';
import {localOnly} from './streams-harness.ts';
import {committedRows} from './topic-rows.ts';

export interface CrashingAppOptions {
  readonly topology: Topology;
  /** Where the stores are; `lost` are those that are in memory and die with the app. */
  readonly stores: 'level' | 'memory' | 'lost';
  /** Whether the log dies with the app, or lives on with what the app left open in it. */
  readonly log: 'dies' | 'lives';
  /** What goes wrong in each process, in order; nothing in those that come after them. */
  readonly processes: readonly (readonly Fault[])[];
  /** Of each poll. */
  readonly maxPartitionBytes: number;
  readonly options: StreamsOptions;
}

/** One process: what is lost when it dies. */
interface Process {
  readonly parking: ParkingKafka;
  readonly stop: AbortController;
  /** True when it has crashed. */
  readonly ended: Promise<boolean>;
  closeStores(): Promise<void>;
}

/** A topology over an embedded log and stores in a directory; a process that dies is followed by one that opens it. */
export class CrashingApp {
  crashes = 0;
  readonly #options: CrashingAppOptions;
  readonly #directory: string;
  readonly #clock = new FastClock();
  readonly #serdes = localSerdes();
  #memory = new MemoryStoreProvider();
  #kafka: EmbeddedKafka | undefined;
  #process: Process | undefined;

  private constructor(options: CrashingAppOptions, directory: string) {
    this.#options = options;
    this.#directory = directory;
  }

  static async open(options: CrashingAppOptions): Promise<CrashingApp> {
    return new CrashingApp(options, await mkdtemp(join(tmpdir(), 'millrace-crashes-')));
  }

  /** Writes the records in one transaction, in order. */
  async write(
    records: readonly {readonly topic: string; readonly record: ProducerRecord}[],
  ): Promise<void> {
    const kafka = await this.#log();
    const producer = kafka.transactionalProducer('sources');
    await producer.init();
    producer.begin();
    await producer.send(
      records.map(({topic, record}) => ({topic, partition: 0, records: [record]})),
    );
    await producer.commit();
  }

  /** Lets the app process what was written, through all crashes on the way. */
  async settle(): Promise<void> {
    for (;;) {
      const {parking, ended} = await this.#alive();
      parking.more();
      const hasDied = await Promise.race([ended, parking.parked().then(() => false)]);
      if (!hasDied) return;
      this.crashes++;
      await this.#close();
      if (this.#options.log === 'dies') await this.#closeLog();
    }
  }

  /** Everything that is committed in a topic. */
  async read<K, V>(topic: Topic<K, V>): Promise<readonly (readonly [K, V | null])[]> {
    return committedRows(await this.#log(), this.#serdes, topic);
  }

  serialize<K, V>(
    topic: Topic<K, V>,
    key: K,
    value: V | null,
  ): Pick<ProducerRecord, 'key' | 'value'> {
    const bytes = value === null ? null : this.#serdes.serializer(topic.value).serialize(value);
    return {key: this.#serdes.serializer(topic.key).serialize(key), value: bytes};
  }

  async close(): Promise<void> {
    this.#process?.stop.abort();
    await this.#close();
    await this.#closeLog();
    this.#clock.stop();
    await rm(this.#directory, {recursive: true, force: true});
  }

  async #close(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    await process?.ended;
    await process?.closeStores();
  }

  async #closeLog(): Promise<void> {
    await this.#kafka?.close();
    this.#kafka = undefined;
  }

  async #log(): Promise<EmbeddedKafka> {
    this.#kafka ??= await EmbeddedKafka.open({
      directory: join(this.#directory, 'log'),
      clock: this.#clock,
      logger: silentLogger,
    });
    return this.#kafka;
  }

  async #alive(): Promise<Process> {
    this.#process ??= await this.#start();
    return this.#process;
  }

  async #start(): Promise<Process> {
    const {topology, stores: kind, processes, maxPartitionBytes, options} = this.#options;
    const clock = this.#clock;
    if (kind === 'lost') this.#memory = new MemoryStoreProvider();
    const stores =
      kind === 'level'
        ? await LevelStoreProvider.open(join(this.#directory, 'state'), {logger: silentLogger})
        : this.#memory;
    const faults = new Faults(processes[this.crashes] ?? []);
    const parking = new ParkingKafka(await this.#log(), maxPartitionBytes);
    const app = new StreamsApp({
      applicationId: 'crashing',
      topology,
      kafka: new FaultyKafka(parking, faults),
      stores: new FaultyStores(stores, faults),
      serdes: localOnly(this.#serdes),
      clock,
      logger: silentLogger,
      metrics: noMetrics,
      conditions: new Conditions(),
      options,
    });
    const stop = new AbortController();
    const ended = app.run(stop.signal).then(
      () => false,
      (error: unknown) => {
        if (error instanceof Crash) return true;
        throw error;
      },
    );
    await Promise.race([ended, parking.parked()]);
    return {parking, stop, ended, closeStores: () => stores.close()};
  }
}
