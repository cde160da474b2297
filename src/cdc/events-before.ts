import type {SourceEvent} from './replication-source.ts';

/** What was committed before `lsn`: ends as soon as nothing before it can come any more, with whole transactions. */
export async function* eventsBefore(
  events: AsyncIterable<readonly SourceEvent[]>,
  lsn: bigint,
): AsyncGenerator<readonly SourceEvent[]> {
  for await (const chunk of events) {
    const end = chunk.findIndex((event) => isBeyond(event, lsn));
    if (end < 0) {
      yield chunk;
      continue;
    }
    // A commit still belongs to what came before it.
    const count = chunk[end]?.kind === 'commit' ? end + 1 : end;
    if (count > 0) yield chunk.slice(0, count);
    return;
  }
}

function isBeyond(event: SourceEvent, lsn: bigint): boolean {
  if (event.kind === 'begin') return event.commitLsn >= lsn;
  return (event.kind === 'commit' || event.kind === 'idle') && event.endLsn >= lsn;
}
