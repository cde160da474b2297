import {systemClock} from '../../../src/common/clock.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import type {DatabricksOptions} from '../../../src/sinks/databricks/databricks-client.ts';
import {DatabricksSink} from '../../../src/sinks/databricks/databricks-sink.ts';
import {loadDriver} from '../../../src/sinks/snowflake/load-driver.ts';
import type {SnowflakeOptions} from '../../../src/sinks/snowflake/snowflake-options.ts';
import {SnowflakeSink} from '../../../src/sinks/snowflake/snowflake-sink.ts';
import type {SinkTaskStatus} from '../../../src/sinks/sink-task.ts';
import type {InsertMode, WarehouseSink} from '../../../src/sinks/warehouse-sink.ts';
import {SinkHarness} from '../../sinks/sink-harness.ts';
import type {RunningSink} from '../../sinks/sink-harness.ts';
import {Random} from '../random.ts';
import {skipPauses} from '../snowflake/skip-pauses.ts';

/** What the process is told, as JSON. */
export interface SinkRunnerSettings {
  readonly warehouse:
    | {readonly kind: 'snowflake'; readonly options: SnowflakeOptions}
    | {readonly kind: 'databricks'; readonly options: DatabricksOptions};
  /** Of the embedded log, which has the topic `orders`. */
  readonly directory: string;
  readonly seed: number;
  /** Where each of its two partitions ends. */
  readonly end: number;
}

const {warehouse, directory, seed, end} = JSON.parse(process.argv[2] ?? '') as SinkRunnerSettings;
const random = new Random(seed);
let sinks = 0;

function newSink(): WarehouseSink {
  if (warehouse.kind === 'snowflake') return new SnowflakeSink(warehouse.options, systemClock);
  const {stagingDirectory} = warehouse.options;
  const options = {
    ...warehouse.options,
    stagingDirectory: `${stagingDirectory}/${process.pid}-${sinks++}`,
  };
  return new DatabricksSink(options, {clock: systemClock, logger: silentLogger});
}

/** A sink that tells of each batch that it has written. */
function told(sink: WarehouseSink, onWritten: () => void): WarehouseSink {
  return {
    open: async (source) => {
      const partition = await sink.open(source);
      return {
        nextOffset: partition.nextOffset,
        write: async (batch) => {
          await partition.write(batch);
          onWritten();
        },
        close: () => partition.close(),
      };
    },
    close: () => sink.close(),
  };
}

/** One mode: a member of the group that stays, and one that joins and leaves after every few batches. */
class Mode {
  readonly #mode: InsertMode;
  readonly #harness: SinkHarness;
  readonly #running: RunningSink;
  #other: RunningSink | undefined;
  #isMoving = false;
  #batches = 0;
  #next = 1 + random.below(8);

  constructor(mode: InsertMode, harness: SinkHarness) {
    this.#mode = mode;
    this.#harness = harness;
    this.#running = this.#run();
  }

  get members(): readonly RunningSink[] {
    return [this.#running, ...(this.#other === undefined ? [] : [this.#other])];
  }

  get isDone(): boolean {
    const written = this.members.flatMap(({connector}) =>
      Object.entries(connector.status()['partitions'] as Readonly<Record<string, SinkTaskStatus>>)
        .filter(([, {nextOffset}]) => (nextOffset ?? 0) >= end)
        .map(([name]) => name),
    );
    return new Set(written).size === 2;
  }

  #run(): RunningSink {
    const options = {
      name: this.#mode,
      insertMode: this.#mode,
      tableNameFormat: `\${topic}_${this.#mode}`,
      errorsTolerance: 'all',
      deadLetterTopic: `letters_${this.#mode}`,
      retryBackoffMs: 10,
      limits: {batchSize: 50, bufferBytes: 1 << 20, lingerMs: 0},
    } as const;
    return this.#harness.run(
      told(newSink(), () => this.#written()),
      {options},
    );
  }

  #written(): void {
    if (++this.#batches < this.#next || this.#isMoving) return;
    this.#next = this.#batches + 1 + random.below(12);
    this.#isMoving = true;
    const moved = this.#other === undefined ? this.#join() : this.#leave(this.#other);
    void moved.finally(() => {
      this.#isMoving = false;
    });
  }

  async #join(): Promise<void> {
    this.#other = this.#run();
  }

  async #leave(other: RunningSink): Promise<void> {
    this.#other = undefined;
    await other.stop();
  }
}

if (warehouse.kind === 'snowflake') {
  await loadDriver();
  skipPauses();
}
const harness = await SinkHarness.open(2, directory);
// Schema ids are known once something was written with them.
harness.record('none');
const modes = (['append', 'upsert'] as const).map((mode) => new Mode(mode, harness));
process.stdout.write('running\n');
const known = new Set<string>();
setInterval(() => {
  for (const {connector, conditions} of modes.flatMap(({members}) => members)) {
    if (connector.status().state === 'failed') process.stdout.write('failed\n');
    for (const {code, message} of conditions.list())
      if (!known.has(code)) {
        known.add(code);
        process.stdout.write(`${code} ${message}\n`);
      }
  }
  if (modes.every(({isDone}) => isDone)) process.stdout.write('done\n');
}, 20);
