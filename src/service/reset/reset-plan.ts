import type {StoredName} from '../../state/committed-store.ts';

/** What `millrace reset` takes away. */
export interface ResetPlan {
  /** The consumer group whose offsets are forgotten: each task begins at the start of its topics. */
  readonly groupId: string;
  /** Topics that are deleted. */
  readonly topics: readonly string[];
  /** Topics that only others read, and that stay. */
  readonly kept: readonly string[];
  /** Of this instance. */
  readonly stores: readonly StoredName[];
  /** Sources that forget where they stand. */
  readonly sources: readonly string[];
  /** Sinks that read what is deleted or written again. */
  readonly sinks: readonly ResetSink[];
}

export interface ResetSink {
  readonly name: string;
  readonly insertMode: 'append' | 'upsert';
  /** Topics of its that are deleted. */
  readonly deleted: readonly string[];
  /** Topics of its that stay, and get every record once more. */
  readonly kept: readonly string[];
}

/** For people: what goes, and what follows from it. */
export function planText(plan: ResetPlan): string {
  const {groupId, topics, kept, stores, sources, sinks} = plan;
  return [
    `group ${groupId}: its offsets`,
    ...topics.map((topic) => `topic ${topic}: deleted`),
    ...kept.map((topic) => `topic ${topic}: stays, and gets every record again behind what it has`),
    ...stores.map(({taskId, store}) => `store ${taskId}/${store}: deleted`),
    ...sources.map((source) => `source ${source}: its position; it takes a new snapshot`),
    ...sinks.flatMap(sinkLines),
  ]
    .map((line) => `  ${line}\n`)
    .join('');
}

function sinkLines({name, insertMode, deleted, kept}: ResetSink): readonly string[] {
  return [
    ...deleted.map(
      (topic) =>
        `note: sink ${name} reads ${topic}; it stops with SINK_OFFSET_MISMATCH, which says what to remove from its warehouse`,
    ),
    ...(insertMode === 'append'
      ? kept.map((topic) => `note: sink ${name} appends the rows of ${topic} a second time`)
      : []),
  ];
}
