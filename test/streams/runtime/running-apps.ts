import type {KafkaClient} from '../../../src/kafka/client.ts';
import type {StreamsApp} from '../../../src/streams/runtime/streams-app.ts';

export interface RunningApp {
  readonly app: StreamsApp;
  readonly stop: () => Promise<void>;
}

/** The apps of a test, each on a client of its own, which ends with it. */
export class RunningApps {
  readonly #stops: (() => Promise<void>)[] = [];

  run(app: StreamsApp, client: KafkaClient): RunningApp {
    const ended = new AbortController();
    const done = app.run(ended.signal);
    const stop = async (): Promise<void> => {
      ended.abort();
      await done;
      await client.close();
    };
    this.#stops.push(stop);
    return {
      app,
      stop: async () => {
        this.#stops.splice(this.#stops.indexOf(stop), 1);
        await stop();
      },
    };
  }

  /** Stops those that still run, the last first. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).toReversed()) await stop();
  }
}
