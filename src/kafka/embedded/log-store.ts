import type {Clock} from '../../common/clock.ts';
import type {Logger} from '../../common/logger.ts';
import type {GroupOffsets} from './group-offsets.ts';
import type {Journal} from './journal.ts';
import type {LogIndex} from './log-index.ts';
import type {LogReader} from './log-reader.ts';
import type {RecordCache} from './record-cache.ts';
import type {SegmentFiles} from './segment-files.ts';
import type {TopicTable} from './topic-table.ts';

/** The log's parts, as everything that works on it shares them. */
export interface LogStore {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly files: SegmentFiles;
  readonly journal: Journal;
  readonly index: LogIndex;
  readonly reader: LogReader;
  readonly cache: RecordCache;
  readonly topics: TopicTable;
  readonly groupOffsets: GroupOffsets;
  /** Numbers of deleted topics whose index entries are still to be removed, with their partition counts. */
  readonly deletedTopics: Map<number, number>;
}
