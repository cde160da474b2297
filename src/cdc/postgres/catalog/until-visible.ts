import type {Client} from 'pg';
import type {Clock} from '../../../common/clock.ts';

/** Most commits are visible within microseconds. */
const firstPauseMs = 1;
/** A synchronous standby that is away holds a commit for as long as it is. */
const longestPauseMs = 250;

/**
 * Waits until other sessions see what the transaction `xid` did, which the WAL says is committed.
 *
 * A server sends a commit once it is in the WAL, and shows it to other sessions a moment later; with synchronous replication
 * once its standbys have confirmed it. What is read from the catalog before is as of before the transaction.
 */
export async function untilVisible(client: Client, xid: number, clock: Clock): Promise<void> {
  const {rows} = await client.query<{readonly next: string}>(
    'SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next',
  );
  const full = fullXid(xid, BigInt(rows[0]?.next ?? 0));
  let pauseMs = firstPauseMs;
  while (await isInProgress(client, full)) {
    await clock.sleep(pauseMs);
    pauseMs = Math.min(longestPauseMs, pauseMs * 2);
  }
}

/** The 64-bit transaction id that is closest to `near`, of those that end in the 32 bits of `xid`. */
export function fullXid(xid: number, near: bigint): bigint {
  return near + BigInt.asIntN(32, BigInt(xid) - near);
}

/** The status is null for a transaction of long ago. */
async function isInProgress(client: Client, xid: bigint): Promise<boolean> {
  const {rows} = await client.query<{readonly status: string | null}>(
    'SELECT pg_xact_status($1::xid8) AS status',
    [String(xid)],
  );
  return rows[0]?.status === 'in progress';
}
