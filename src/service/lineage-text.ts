import type {
  LineageAnswer,
  LineageNode,
  RecordAnswer,
  StepAnswer,
  WaitingAnswer,
} from '../streams/runtime/queries/lineage-answer.ts';

/** The answer as an indented tree, for a terminal. */
export function lineageText({topic, key, records, waiting, notes}: LineageAnswer): string {
  const name = `${topic} ${text(key)}`;
  return [
    ...waiting.flatMap((each) => [`${name} waits`, ...waitingLines(each)]),
    ...records.flatMap((each) => [`${name} ${placeOf(topic, each)}`, ...recordLines(each)]),
    ...notes.map((note) => `note: ${note}`),
    '',
  ].join('\n');
}

function waitingLines({for: missing, value, lineage}: WaitingAnswer): readonly string[] {
  return indented([
    `for row ${text(missing.key)} of table ${missing.table}, which is not there yet`,
    `value ${JSON.stringify(value)}`,
    ...nodeLines(lineage),
  ]);
}

function placeOf(topic: string, {partition, offset}: RecordAnswer): string {
  return offset === undefined
    ? `(row of partition ${partition})`
    : `at ${topic}-${partition}@${offset}`;
}

function recordLines({value, warehouse, lineage}: RecordAnswer): readonly string[] {
  return indented([
    `value ${JSON.stringify(value)}`,
    ...warehouse.map(
      ({sink, table, partition, offset}) =>
        `in the warehouse: sink ${sink}, table ${table}, partition ${partition}, _offset ${offset}`,
    ),
    ...nodeLines(lineage),
  ]);
}

function nodeLines(node: LineageNode | null): readonly string[] {
  if (node === null) return ['where it comes from was not written down'];
  const {change, steps, isTruncated} = node;
  const origin =
    change === null
      ? ['the change that it comes from was not written down']
      : [
          `${change.isSnapshot ? 'snapshot' : 'change'} of ${change.table ?? 'unknown'} ${text(change.key)} in source ${change.source ?? 'unknown'}, LSN ${change.lsn ?? 'unknown'}${change.ordinal === null ? '' : ` (no. ${change.ordinal} of its transaction)`}, committed ${change.committedAt}`,
        ];
  return [
    ...origin,
    ...steps.flatMap(stepLines),
    ...(isTruncated ? ['more steps than a lineage has room for; the last ones are missing'] : []),
  ];
}

function stepLines(step: StepAnswer): readonly string[] {
  if (step.kind === 'read')
    return [
      `read from ${step.topic}-${step.partition}@${step.offset} ${duration(step.tookMs)} later`,
    ];
  const waited = step.waitedMs === null ? '' : ` after waiting ${duration(step.waitedMs)} for it`;
  return [`joined with ${step.table}${waited}`, ...indented(nodeLines(step.row))];
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}

function text(key: unknown): string {
  return typeof key === 'string' ? key : JSON.stringify(key);
}

function duration(ms: number): string {
  return ms < 10_000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`;
}
