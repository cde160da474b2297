import type {Client} from 'pg';
import {formatLsn, parseLsn} from '../lsn.ts';
import type {SystemIdentity} from './slot.ts';

/**
 * Why what Kafka has up to `durable` is not what the server has, undefined where it is.
 *
 * A standby that is promoted goes on from what it had received: beyond that the same LSNs mean other changes, and the
 * server would leave out those that lie before the one it is asked to start from. Where the `timeline` of `durable` is
 * not known, only a server that is not even there yet shows it.
 */
export async function divergence(
  walsender: Client,
  {timeline: now, walEnd}: SystemIdentity,
  durable: bigint,
  timeline: number | undefined,
): Promise<string | undefined> {
  if (timeline !== undefined && timeline !== now) {
    const end = endOfTimeline(await timelineHistory(walsender, now), timeline);
    if (end === undefined)
      return `the server is on timeline ${now}, which does not come from timeline ${timeline}, where Kafka's changes are from`;
    if (durable > end)
      return `timeline ${timeline} ended at ${formatLsn(end)} when a standby was promoted, and Kafka has changes up to ${formatLsn(durable)} that it never received`;
  }
  if (durable > walEnd)
    return `the server has WAL up to ${formatLsn(walEnd)} only and Kafka has changes up to ${formatLsn(durable)}: it was restored from a backup, or promoted before it had received them`;
  return undefined;
}

/** The first timeline has no history. */
async function timelineHistory(walsender: Client, timeline: number): Promise<string> {
  if (timeline === 1) return '';
  const {rows} = await walsender.query<{content: string | Buffer}>(`TIMELINE_HISTORY ${timeline}`);
  return String(rows[0]?.content ?? '');
}

/**
 * Where a timeline ended, by a timeline history file: lines of a timeline, the LSN at which the next one began, and the
 * reason, separated by tabs. Undefined for one that is not an ancestor.
 */
export function endOfTimeline(history: string, timeline: number): bigint | undefined {
  for (const line of history.split('\n')) {
    const [id, lsn] = line.trim().split(/\s+/);
    if (id === String(timeline) && lsn !== undefined && lsn.includes('/')) return parseLsn(lsn);
  }
  return undefined;
}
