import type {PartitionLog} from './partition-log.ts';

/** A staged or committed group offset. */
export interface GroupOffset {
  readonly groupId: string;
  readonly log: PartitionLog;
  readonly offset: number;
}

/** As it is persisted: group, topic number, partition, offset. */
export type GroupOffsetRecord = readonly [string, number, number, number];

/** What each group has committed. */
export class GroupOffsets {
  readonly #groups = new Map<string, Map<PartitionLog, number>>();

  set({groupId, log, offset}: GroupOffset): void {
    let offsets = this.#groups.get(groupId);
    if (offsets === undefined) this.#groups.set(groupId, (offsets = new Map()));
    offsets.set(log, offset);
  }

  get(groupId: string, log: PartitionLog): number | null {
    return this.#groups.get(groupId)?.get(log) ?? null;
  }

  /** Forgets the offsets of a deleted topic, as Kafka does. */
  removeTopic(topicNumber: number): void {
    for (const offsets of this.#groups.values()) {
      for (const log of offsets.keys()) if (log.topic.number === topicNumber) offsets.delete(log);
    }
  }

  removeGroup(groupId: string): void {
    this.#groups.delete(groupId);
  }

  records(): GroupOffsetRecord[] {
    const records: GroupOffsetRecord[] = [];
    for (const [groupId, offsets] of this.#groups) {
      for (const [log, offset] of offsets) {
        records.push([groupId, log.topic.number, log.partition, offset]);
      }
    }
    return records;
  }
}
