import {readFileSync, readdirSync} from 'node:fs';

/** What is checked of change data capture, by number; tests have the number in their names: `check 7: …`. */
export const cdcChecks: readonly string[] = [
  'a snapshot while rows are written, and the changes after it, make the tables as they are',
  'the markers of snapshot rows',
  'several readers see one snapshot',
  'a kill in the middle of a snapshot loses nothing',
  'a slot that waits for an open transaction names it, times out and leaves no slot',
  'inserts, updates, deletes and tombstones under REPLICA IDENTITY DEFAULT',
  'REPLICA IDENTITY FULL: whole old rows',
  'REPLICA IDENTITY NOTHING, or no primary key',
  'REPLICA IDENTITY USING INDEX',
  'a changed primary key is a delete, a tombstone and a create',
  'unchanged TOAST values: the placeholder',
  'unchanged TOAST values under FULL: the value',
  'rows without envelope: `__deleted`, tombstones as the option says',
  'rows without envelope: a changed primary key',
  'every type is the same in snapshot and stream',
  'NaN and infinite numerics',
  'infinite dates and times, years before Christ and far ones',
  'the time 24:00:00, and times with an offset',
  'digits: 64 bits, unsigned oids, LSNs and nanoseconds',
  'any text, and any name',
  'empty is not NULL, and neither is a JSON null',
  'JSON as Postgres has it, letter for letter',
  'settings of the database that change how values look',
  'a label that is added to an enum',
  'DDL in mid-stream: each event has the schema of its own time',
  'a registry that refuses a schema',
  'TRUNCATE',
  'transactions over several tables, and their metadata',
  'interleaved transactions come whole and in commit order',
  'a crash within many rows of one LSN',
  'adjacent commits',
  'a crash between the commit in Kafka and the confirmation',
  'a crash before the commit in Kafka',
  'a producer that hangs: nothing is confirmed, memory is bounded, the connection lives',
  'two instances of one slot',
  'a transaction of a million rows',
  'what was rolled back, savepoints, prepared transactions',
  'idle tables hold no WAL back',
  'a crash after an idle confirmation is no lost slot',
  'a slot that was dropped',
  'a slot that was made anew, or advanced',
  'a slot that has lost its WAL, and one that is about to',
  'a publication that is missing, dropped, or younger than the slot',
  'a table that joins later',
  'what a server refuses, each with a name of its own',
  'networks that are cut, servers that restart, sockets that are half open',
  'incremental snapshots of a busy table, also when they are killed',
  'partitioned tables, by leaf and by root',
  'generated columns, domains, composites and multiranges',
  'a soak: tables equal topics at the end, and nothing leaks',
];

/** By number of the check: the files (from the root of the project) with tests that name it. */
export function testsOfChecks(): ReadonlyMap<number, readonly string[]> {
  const found = new Map<number, string[]>();
  for (const file of readdirSync('test', {recursive: true, encoding: 'utf8'}).toSorted()) {
    if (!/\.test\.ts$|^suites\/.*\.ts$/.test(file)) continue;
    const path = `test/${file}`;
    const numbers = new Set(
      Array.from(readFileSync(path, 'utf8').matchAll(/['"`]check (\d+): /g), ([, n]) => Number(n)),
    );
    for (const number of numbers) found.set(number, [...(found.get(number) ?? []), path]);
  }
  return found;
}

/** The table of `docs/cdc.md`. */
export function checksTable(tests: ReadonlyMap<number, readonly string[]>): string {
  const rows = cdcChecks.map((what, index) => {
    const links = (tests.get(index + 1) ?? []).map(
      (path) => `[\`${path.slice(path.lastIndexOf('/') + 1)}\`](../${path})`,
    );
    return `| ${index + 1} | ${what} | ${links.join(', ')} |`;
  });
  return ['| # | what | tests |', '| --- | --- | --- |', ...rows].join('\n');
}
