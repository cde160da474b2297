import type {Client} from 'pg';
import type {Relation} from '../../replication-source.ts';
import type {Tuple} from '../../tuple.ts';
import {CopyStream} from '../stream/copy-stream.ts';
import {decodeCopyRow} from './copy-text.ts';

/** Wide rows make smaller batches. Five of them are alive at a time: rows that outlive two young collections stay until a full one. */
const batchBytes = 1 << 16;

/**
 * The rows of `COPY … TO STDOUT`, which have the columns of `relation`, `batchRows` at a time or as many as 64 KB hold.
 *
 * Reads at most one batch ahead of the consumer.
 */
export async function* copyRows(
  client: Client,
  command: string,
  relation: Relation,
  batchRows: number,
): AsyncGenerator<readonly Tuple[]> {
  const batches: Tuple[][] = [];
  let rows: Tuple[] = [];
  let bytes = 0;
  let ended = false;
  let failure = undefined as Error | undefined;
  let wake: (() => void) | undefined;
  const cut = (): void => {
    if (rows.length > 0) batches.push(rows);
    rows = [];
    bytes = 0;
  };
  const copy = new CopyStream(command, {
    onData: (buffer, start, end) => {
      rows.push(decodeCopyRow(buffer, start, end, relation));
      bytes += end - start;
      if (rows.length < batchRows && bytes < batchBytes) return;
      cut();
      copy.hold();
    },
    onChunk: () => {
      if (batches.length > 0) wake?.();
    },
    where: () => `in the rows of ${relation.schema}.${relation.table}`,
    onEnd: (error) => {
      ended = true;
      failure = error;
      cut();
      wake?.();
    },
  });
  client.query(copy);
  for (;;) {
    const batch = batches.shift();
    if (batch !== undefined) {
      copy.release();
      yield batch;
    } else if (failure !== undefined) {
      throw failure;
    } else if (ended) {
      return;
    } else {
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
}
