import {readFile, readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {readLogRecords} from './log-records.ts';
import {readManifest} from './manifest.ts';
import {tableProblem} from './table-problem.ts';

/**
 * Why the files of a LevelDB cannot be trusted, undefined when nothing speaks against them. Nobody may have it open.
 *
 * LevelDB opens without an error, and with rows gone or changed, when CURRENT is missing, MANIFEST is cut short, a log
 * is damaged or a table has wrong bytes. A log whose end is missing is no problem: the database is then as it was before
 * its last batches.
 */
export async function databaseProblem(directory: string): Promise<string | undefined> {
  const names = await fileNames(directory);
  const current = await textOf(join(directory, 'CURRENT'));
  if (current === undefined) {
    return names.some((name) => /^\d+\.(ldb|log)$/.test(name)) ? 'CURRENT is missing' : undefined;
  }
  const manifestName = /^(MANIFEST-\d+)\n$/.exec(current)?.[1];
  if (manifestName === undefined) return 'CURRENT is damaged';
  if (!names.includes(manifestName)) return `${manifestName} is missing`;
  const {records, problem} = readLogRecords(await readFile(join(directory, manifestName)));
  if (problem !== undefined) return `${manifestName} ${problem}`;
  const manifest = readManifest(records);
  if (manifest === undefined) return `${manifestName} is damaged`;
  return (
    (await logsProblem(directory, names, manifest.logNumber)) ??
    (await tablesProblem(directory, names, manifest.tables))
  );
}

/** Logs are numbered upwards, and so are the writes in them, without gaps from one log to the next. */
async function logsProblem(
  directory: string,
  names: readonly string[],
  logNumber: number,
): Promise<string | undefined> {
  const logs = names
    .filter((name) => /^\d+\.log$/.test(name) && Number.parseInt(name, 10) >= logNumber)
    .toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  // It exists before it is named. Where it is gone, a later manifest that named its successor was there.
  if (logNumber > 0 && Number.parseInt(logs[0] ?? '', 10) !== logNumber) {
    return `log ${logNumber} is missing`;
  }
  let next: bigint | undefined;
  for (const name of logs) {
    const {records, problem} = readLogRecords(await readFile(join(directory, name)));
    if (problem !== undefined) return `${name} ${problem}`;
    for (const record of records) {
      if (record.length < 12) return `${name} is damaged`;
      const sequence = record.readBigUInt64LE(0);
      if (next !== undefined && sequence !== next) return `writes before ${name} are missing`;
      next = sequence + BigInt(record.readUInt32LE(8));
    }
  }
  return undefined;
}

async function tablesProblem(
  directory: string,
  names: readonly string[],
  tables: ReadonlyMap<number, number>,
): Promise<string | undefined> {
  for (const [number, size] of tables) {
    const name = names.find((candidate) => Number.parseInt(candidate, 10) === number);
    if (name === undefined) return `table ${number} is missing`;
    const bytes = await readFile(join(directory, name));
    if (bytes.length !== size) return `${name} has ${bytes.length} bytes instead of ${size}`;
    const problem = tableProblem(bytes);
    if (problem !== undefined) return `${name} ${problem}`;
  }
  return undefined;
}

async function fileNames(directory: string): Promise<readonly string[]> {
  return (await ifExists(readdir(directory))) ?? [];
}

async function textOf(path: string): Promise<string | undefined> {
  return ifExists(readFile(path, 'utf8'));
}

async function ifExists<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
