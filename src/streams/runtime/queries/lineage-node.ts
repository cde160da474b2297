import type {
  JoinStep,
  Lineage,
  LineageOrigin,
  ReadStep,
} from '../../../serde/lineage/decode-lineage.ts';
import type {ChangeAnswer, LineageNode, StepAnswer} from './lineage-answer.ts';
import {recordJson} from './record-json.ts';

/** Finds the change event of an origin by where it was read first; null where it is gone. */
export type FindEvent = (read: ReadStep) => Promise<unknown>;

/** A lineage as people want it: with the events that it points to, and how long each step took. */
export async function lineageNode(lineage: Lineage, find: FindEvent): Promise<LineageNode> {
  const {origin, isTruncated} = lineage;
  const first = lineage.steps.find((step) => step.kind === 'read');
  const steps: StepAnswer[] = [];
  let now = origin?.timestamp;
  for (const step of lineage.steps) {
    if (step.kind === 'read') {
      const {at, ...where} = step;
      steps.push({...where, at: time(at), tookMs: at - (now ?? at)});
      now = at;
    } else {
      steps.push({
        kind: 'join',
        table: step.table,
        waitedMs: waitedMs(step, now),
        row: step.row === undefined ? null : await lineageNode(step.row, find),
      });
      now = Math.max(now ?? 0, waitedUntil(step));
    }
  }
  return {
    change: origin === undefined ? null : await change(origin, first, find),
    steps,
    at: now === undefined ? null : time(now),
    isTruncated,
  };
}

async function change(
  {position, timestamp, key}: LineageOrigin,
  first: ReadStep | undefined,
  find: FindEvent,
): Promise<ChangeAnswer> {
  return {
    source: position?.name ?? null,
    lsn: position === undefined ? null : lsnText(position.lsn),
    ordinal: position === undefined || position.ordinal === 0 ? null : position.ordinal,
    isSnapshot: position?.ordinal === 0,
    table: first === undefined ? null : tableOfTopic(first.topic),
    key: key === undefined ? null : recordJson(key),
    committedAt: time(timestamp),
    event: first === undefined ? null : await find(first),
  };
}

/** `<topic.prefix>.<schema>.<table>`: a dot in a name of the last two is an underscore there. */
function tableOfTopic(topic: string): string {
  return topic.split('.').slice(-2).join('.');
}

/** As Postgres writes it. */
function lsnText(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffff_ffffn).toString(16)}`.toUpperCase();
}

function waitedMs(step: JoinStep, since: number | undefined): number | null {
  return step.waited && since !== undefined ? Math.max(0, waitedUntil(step) - since) : null;
}

/** When the row that was waited for came; 0 where nobody waited. */
function waitedUntil({waited, row}: JoinStep): number {
  return waited
    ? Math.max(
        0,
        ...(row?.steps ?? []).map((step) => (step.kind === 'read' ? step.at : waitedUntil(step))),
      )
    : 0;
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
