import type {SinkBatch, SinkRow, SinkSource} from '../../src/sinks/warehouse-sink.ts';

/** A topic partition whose batches follow from where they start, so that a reader can tell what a prefix of it gives. */
export function numberedSource(insertMode: SinkSource['insertMode']): SinkSource {
  return {
    sink: `numbered-${insertMode}`,
    topic: 'numbered',
    topicId: 'topic-1',
    partition: 0,
    table: {
      name: `numbered_${insertMode}`,
      columns: [
        {name: 'number', type: {kind: 'BIGINT'}, from: 'value'},
        {name: 'text', type: {kind: 'VARCHAR'}, from: 'value'},
      ],
    },
    insertMode,
    autoCreate: true,
    autoEvolve: 'fail',
  };
}

/** The record at an offset: of one of 50 keys; every seventh is a tombstone. */
export function numberedRow(offset: number): SinkRow {
  const key = `key-${(offset * 31) % 50}`;
  const text = 'x'.repeat((offset * 17) % 300);
  const value =
    offset % 7 === 3
      ? null
      : Buffer.from(JSON.stringify({number: offset, text: `${offset} ${text}`}));
  return {offset, key, value, timestamp: 0};
}

/** The batch that starts at an offset: 1 to 60 offsets, some of which are control records without a row. */
export function numberedBatch(startOffset: number): SinkBatch {
  const nextOffset = startOffset + 1 + ((startOffset * 13) % 60);
  const rows: SinkRow[] = [];
  for (let offset = startOffset; offset < nextOffset; offset++)
    if (offset % 11 !== 5) rows.push(numberedRow(offset));
  return {rows, startOffset, nextOffset};
}
