import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import type {Clock} from '../../common/clock.ts';
import {FatalError, messageOf} from '../../common/errors.ts';
import type {Logger} from '../../common/logger.ts';
import {asCheckpoint, Recovery} from './checkpoint.ts';
import {Journal} from './journal.ts';
import {scanJournal} from './journal-scanner.ts';
import {LogIndex} from './log-index.ts';
import {LogReader} from './log-reader.ts';
import type {LogStore} from './log-store.ts';
import {RecordCache} from './record-cache.ts';
import {SegmentFiles} from './segment-files.ts';

export interface LogOptions {
  /** Written records kept in memory for readers that keep up. Default: 16 MiB. */
  readonly cacheBytes: number;
  /** Size at which the journal starts a new file. Default: 64 MiB. */
  readonly segmentBytes: number;
  /** Whether each commit waits for the disk, to survive a power cut as well. Default: false. */
  readonly sync: boolean;
}

/** Opens the files and rebuilds what was in memory. */
export async function openLog(
  options: Partial<LogOptions> & {
    readonly directory: string;
    readonly clock: Clock;
    readonly logger: Logger;
  },
): Promise<LogStore> {
  const {directory, clock, logger, cacheBytes = 16 << 20, segmentBytes = 64 << 20} = options;
  await createDirectory(directory);
  const index = await LogIndex.open(join(directory, 'index'));
  const files = new SegmentFiles(join(directory, 'journal'));
  try {
    const recovery = new Recovery();
    const stored = await index.checkpoint();
    const segments = await files.list();
    if (stored !== undefined) {
      await recovery.restore(asCheckpoint(stored, directory), index);
    } else if (segments.length > 0 && segments[0] !== 1) {
      throw lost(directory, 'its index is empty');
    }
    const {end: checkpointEnd} = recovery;
    for await (const entry of scanJournal(files, checkpointEnd)) recovery.apply(entry);
    recovery.finish();
    const {end} = recovery;
    const journal = await Journal.open(files, end, {segmentBytes, sync: options.sync ?? false});
    logger.info(
      {
        directory,
        topics: recovery.topics.topics().length,
        entries: end.sequence - checkpointEnd.sequence,
      },
      'opened the embedded Kafka log',
    );
    return {
      clock,
      logger,
      files,
      journal,
      index,
      reader: new LogReader(index, files),
      cache: new RecordCache(cacheBytes),
      topics: recovery.topics,
      groupOffsets: recovery.groupOffsets,
      deletedTopics: recovery.deletedTopics,
    };
  } catch (error) {
    await index.close();
    await files.close();
    throw error;
  }
}

async function createDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, {recursive: true});
  } catch (error) {
    throw new FatalError(
      'DATA_DIR_UNUSABLE',
      `Cannot create ${directory}: ${messageOf(error)}. Set a data directory that this process may write`,
      {cause: error},
    );
  }
}

function lost(directory: string, what: string): FatalError {
  return new FatalError(
    'KAFKA_LOG_CORRUPTED',
    `The embedded log in ${directory} is damaged: ${what}. Put a backup of the data directory in its place, or delete the directory to start over from the sources`,
  );
}
