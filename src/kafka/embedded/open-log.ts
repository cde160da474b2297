import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import type {Clock} from '../../common/clock.ts';
import {FatalError, messageOf} from '../../common/errors.ts';
import {databaseProblem} from '../../common/leveldb/database-problem.ts';
import type {Logger} from '../../common/logger.ts';
import {makeDirectory} from '../../common/make-directory.ts';
import {asCheckpoint, Recovery} from './checkpoint.ts';
import {Journal} from './journal.ts';
import {scanJournal} from './journal-scanner.ts';
import {assertNotInUse} from './log-database.ts';
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
  const files = new SegmentFiles(join(directory, 'journal'));
  let index: LogIndex | undefined;
  try {
    index = await openIndex(directory, files, logger);
    const recovery = new Recovery();
    const stored = await index.checkpoint();
    if (stored !== undefined) await recovery.restore(asCheckpoint(stored, directory), index);
    else if (!(await isWhole(files))) throw lost(directory, 'its index is empty');
    const {end: checkpointEnd} = recovery;
    for await (const entry of scanJournal(files, checkpointEnd)) recovery.apply(entry);
    const {end, hasOpenTransactions} = recovery;
    const unfinished = (await files.size(end.segment)) - end.position;
    if (unfinished > 0) logger.warn({directory, bytes: unfinished}, 'Drops an unfinished write');
    recovery.abortOpen();
    const journal = await Journal.open(files, end, {segmentBytes, sync: options.sync ?? false});
    if (hasOpenTransactions) {
      await journal.append({change: {restarted: true}, batches: [], apply: () => undefined});
    }
    const {topics, groupOffsets, deletedTopics} = recovery;
    const entries = end.sequence - checkpointEnd.sequence;
    const fields = {directory, topics: topics.topics().length, entries};
    logger.info(fields, 'opened the embedded Kafka log');
    return {
      clock,
      logger,
      files,
      journal,
      index,
      reader: new LogReader(index, files),
      cache: new RecordCache(cacheBytes),
      topics,
      groupOffsets,
      deletedTopics,
    };
  } catch (error) {
    await index?.close();
    await files.close();
    throw error;
  }
}

/** Closes what {@link openLog} has opened. */
export async function closeLog({journal, index, files}: LogStore): Promise<void> {
  await journal.close();
  await index.close();
  await files.close();
}

/** Opens the index, after throwing away a damaged one where the journal can build it anew. */
async function openIndex(
  directory: string,
  files: SegmentFiles,
  logger: Logger,
): Promise<LogIndex> {
  const path = join(directory, 'index');
  let problem = await databaseProblem(path);
  if (problem !== undefined) {
    // What another process is writing looks damaged, too.
    await assertNotInUse(path);
    problem = await databaseProblem(path);
  }
  if (problem !== undefined) {
    if (!(await isWhole(files))) throw lost(directory, `in its index ${problem}`);
    logger.warn({directory, problem}, 'Builds a damaged index anew');
    await rm(path, {recursive: true, force: true});
  }
  return LogIndex.open(path);
}

/** Whether the journal still has everything that was ever written to it. */
async function isWhole(files: SegmentFiles): Promise<boolean> {
  return (await files.list()).every((segment, i) => segment === i + 1);
}

async function createDirectory(directory: string): Promise<void> {
  try {
    await makeDirectory(directory);
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
