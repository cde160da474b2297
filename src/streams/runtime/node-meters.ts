import type {Clock} from '../../common/clock.ts';
import type {Process} from '../processor.ts';

type AnyProcess = Process<unknown, unknown>;

interface Meter {
  records: number;
  /** Microseconds in the node itself, of the records that were timed. */
  timed: number;
}

/** What one node has done: `process-total` of Kafka Streams, and its part of the task's processing time. */
export type NodeReport = (node: string, records: number, busySeconds: number) => void;

/** Of this many records one is timed: reading the clock twice a node costs about what a small node does. */
const TIMED_EVERY = 64;

/**
 * Counts the records that reach each node, and finds out which nodes the time goes to.
 *
 * The time of a whole turn is measured and divided among the nodes as a sample of the records says.
 */
export class NodeMeters {
  readonly #clock: Pick<Clock, 'nowMicros'>;
  readonly #meters = new Map<string, Meter>();
  #isTiming = false;
  #untilTimed = 1;
  /** Microseconds in the nodes below the one that is being timed. */
  #below = 0;
  #busyMicros = 0;

  constructor(clock: Pick<Clock, 'nowMicros'>) {
    this.#clock = clock;
  }

  /** The process of a node, counted. */
  metered(node: string, process: AnyProcess): AnyProcess {
    const meter: Meter = {records: 0, timed: 0};
    this.#meters.set(node, meter);
    return (record) => {
      meter.records++;
      if (this.#isTiming) this.#time(meter, () => process(record));
      else process(record);
    };
  }

  /** Whether the next record is one to be timed. */
  isDue(): boolean {
    if (--this.#untilTimed > 0) return false;
    this.#untilTimed = TIMED_EVERY;
    return true;
  }

  /** Times one record that enters at the source `node`; reading it is part of the source's time. */
  timed(node: string, handle: () => void): void {
    this.#isTiming = true;
    try {
      this.#time(this.#meters.get(node) ?? {records: 0, timed: 0}, handle);
    } finally {
      this.#isTiming = false;
    }
  }

  /** The task has processed for so long. */
  busy(micros: number): void {
    this.#busyMicros += micros;
  }

  /** Reports what was done since the last call. */
  take(report: NodeReport): void {
    let timed = 0;
    for (const meter of this.#meters.values()) timed += meter.timed;
    const secondsPerTimed = timed === 0 ? 0 : this.#busyMicros / timed / 1e6;
    // A few records may all have gone untimed: their time is divided at the next call.
    if (timed > 0) this.#busyMicros = 0;
    for (const [node, meter] of this.#meters) {
      if (meter.records > 0) report(node, meter.records, meter.timed * secondsPerTimed);
      meter.records = 0;
      meter.timed = 0;
    }
  }

  #time(meter: Meter, run: () => void): void {
    const outer = this.#below;
    this.#below = 0;
    const start = this.#clock.nowMicros();
    run();
    const took = this.#clock.nowMicros() - start;
    meter.timed += took - this.#below;
    this.#below = outer + took;
  }
}
