import type {ProduceBatch, ProducerRecord} from '../../kafka/client.ts';
import type {EventTarget} from './event-topic.ts';

/** Takes the records in the order in which they must stand in their partitions. */
export interface RecordSink {
  append(target: EventTarget, record: ProducerRecord): void;
}

/** About what a record adds to its bytes in memory and on the wire: headers, offsets, objects. */
const RECORD_OVERHEAD_BYTES = 100;

export interface CollectedRecords {
  readonly batches: readonly ProduceBatch[];
  /** Change events (tombstones not counted) by `schema.table`. */
  readonly events: ReadonlyMap<string, number>;
}

/** Keeps records in order until they are taken, grouped by topic-partition. */
export class RecordCollector implements RecordSink {
  #records: ProducerRecord[] = [];
  #targets: EventTarget[] = [];
  #bytes = 0;

  append(target: EventTarget, record: ProducerRecord): void {
    this.#records.push(record);
    this.#targets.push(target);
    this.#bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0) + RECORD_OVERHEAD_BYTES;
  }

  get length(): number {
    return this.#records.length;
  }

  /** Roughly, of all that it holds. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The first `count` records; they are gone from here. */
  take(count: number): CollectedRecords {
    const records = this.#records;
    const targets = this.#targets;
    if (count === records.length) {
      this.#records = [];
      this.#targets = [];
      this.#bytes = 0;
    } else {
      this.#records = records.slice(count);
      this.#targets = targets.slice(count);
      this.#bytes -= Math.round((this.#bytes * count) / records.length);
    }
    return group(records, targets, count);
  }
}

function group(
  records: readonly ProducerRecord[],
  targets: readonly EventTarget[],
  count: number,
): CollectedRecords {
  const byTarget: ProducerRecord[][] = [];
  const used: EventTarget[] = [];
  for (let i = 0; i < count; i++) {
    const target = targets[i] as EventTarget;
    let list = byTarget[target.id];
    if (list === undefined) {
      list = [];
      byTarget[target.id] = list;
      used.push(target);
    }
    list.push(records[i] as ProducerRecord);
  }
  const events = new Map<string, number>();
  const batches = used.map(({id, topic, partition, table}) => {
    const list = byTarget[id] as ProducerRecord[];
    let changes = 0;
    for (const {value} of list) if (value !== null) changes++;
    if (table !== undefined) events.set(table, (events.get(table) ?? 0) + changes);
    return {topic, partition, records: list};
  });
  return {batches, events};
}
