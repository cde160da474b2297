import {existsSync, readFileSync, readdirSync} from 'node:fs';

/** The warehouses, by the folder of their tests. */
export const warehouses = {duckdb: 'DuckDB', snowflake: 'Snowflake', databricks: 'Databricks'};

export type Warehouse = keyof typeof warehouses;

export interface SinkCheckText {
  readonly what: string;
  /**
   * Where it has to be tested: with these warehouses, or in the `connector`, which is the same for all of them and is tested with
   * a warehouse in memory.
   */
  readonly on: readonly (Warehouse | 'connector')[];
}

const all = Object.keys(warehouses) as readonly Warehouse[];
const remote: readonly Warehouse[] = ['snowflake', 'databricks'];
const connector = ['connector'] as const;

/** What is checked of the sinks, by number; tests have the number in their names: `sink check 7: …`, or `sink checks 4, 5: …`. */
export const sinkChecks: readonly SinkCheckText[] = [
  {
    what: 'all columns of `orders_enriched`, `order_id` from the key, `partition` from Kafka',
    on: all,
  },
  {what: 'a missing table is created, an existing one left as it is', on: all},
  {what: 'killed at any moment: every row once', on: all},
  {what: 'a group offset behind the watermark: nothing is written twice', on: connector},
  {what: 'a group offset ahead of the watermark: nothing is lost', on: connector},
  {what: 'a commit whose answer is lost: the batch is there once', on: all},
  {what: 'two instances on one partition: the stale one writes nothing', on: all},
  {what: '503, 429 and resets: tried again, and written once', on: remote},
  {what: 'an expired session: renewed, or opened again from the watermark', on: remote},
  {what: 'an error that arrives with HTTP 200 is a failed batch', on: ['databricks']},
  {what: 'several updates of a key in one batch: the newest', on: all},
  {what: 'an older offset that comes again changes nothing', on: all},
  {
    what: 'tombstones delete in upsert mode, are counted in append mode, and move the watermark',
    on: all,
  },
  {what: "Debezium's deletes as configured", on: connector},
  {what: 'a new field is a new column, and the row that brought it has it', on: all},
  {what: 'two partitions meet a new field at once', on: all},
  {what: 'a value of another type: that record alone is a dead letter', on: ['connector', ...all]},
  {what: 'while dead letters cannot be written, the watermark stays', on: connector},
  {
    what: '`errors.tolerance: none`: the bad record is kept in the dead letter topic where one is named, and the sink stops there, with all before it written',
    on: connector,
  },
  {what: 'int64, 38 digits, emoji, quotes, line breaks, 1 MB of text, empty and null', on: all},
  {what: 'any column name; two that differ in case only are refused', on: ['connector', ...all]},
  {what: 'batches end by rows, bytes and time; an idle sink sends nothing', on: connector},
  {what: 'SIGTERM: the open batch is whole or not there, within 10 s', on: connector},
  {
    what: 'an unreachable warehouse: bounded memory, a condition, recovery by itself',
    on: ['connector', ...remote],
  },
  {
    what: 'no address but loopback is contacted; a topic that was made anew is noticed',
    on: ['connector', ...all],
  },
];

/** By number of the check and column of the table: the files (from the root of the project) with tests that name it. */
export type TestsOfChecks = ReadonlyMap<
  number,
  ReadonlyMap<Warehouse | 'connector', readonly string[]>
>;

/**
 * A suite counts for the warehouses whose tests import it; tests outside of a warehouse's folder are the connector's.
 */
export function testsOfSinkChecks(): TestsOfChecks {
  const files = readdirSync('test', {recursive: true, encoding: 'utf8'})
    .filter((file) => /\.test\.ts$|^suites\/.*\.ts$/.test(file))
    .toSorted();
  const found = new Map<number, Map<Warehouse | 'connector', string[]>>();
  for (const file of files) {
    const path = `test/${file}`;
    const numbers = new Set(
      Array.from(
        readFileSync(path, 'utf8').matchAll(/['"`]sink checks? ((?:\d+, )*\d+): /g),
        ([, some = '']) => some.split(', ').map(Number),
      ).flat(),
    );
    if (numbers.size === 0) continue;
    for (const number of numbers) {
      const columns = found.get(number) ?? new Map<Warehouse | 'connector', string[]>();
      found.set(number, columns);
      for (const column of columnsOf(file)) {
        columns.set(column, [...(columns.get(column) ?? []), path]);
      }
    }
  }
  return found;
}

function columnsOf(file: string): readonly (Warehouse | 'connector')[] {
  const own = all.find((warehouse) => file.startsWith(`sinks/${warehouse}/`));
  if (own !== undefined) return [own];
  if (!file.startsWith('suites/')) return connector;
  const name = file.slice('suites/'.length);
  return all.filter((warehouse) => importsSuite(`test/sinks/${warehouse}`, name));
}

function importsSuite(folder: string, suite: string): boolean {
  if (!existsSync(folder)) return false;
  return readdirSync(folder, {recursive: true, encoding: 'utf8'})
    .filter((file) => file.endsWith('.test.ts'))
    .some((file) => readFileSync(`${folder}/${file}`, 'utf8').includes(`/suites/${suite}'`));
}

/** Checks that have to be tested and are not, as `7 snowflake`. */
export function untestedSinkChecks(tests: TestsOfChecks): readonly string[] {
  return sinkChecks.flatMap(({on}, index) =>
    on
      .filter((column) => tests.get(index + 1)?.has(column) !== true)
      .map((column) => `${index + 1} ${column}`),
  );
}

/** The table of `docs/sinks.md`. A dash is what a warehouse cannot meet. */
export function sinkChecksTable(tests: TestsOfChecks): string {
  const columns = [...all, 'connector'] as const;
  const rows = sinkChecks.map(({what, on}, index) => {
    const cells = columns.map((column) => {
      const links = (tests.get(index + 1)?.get(column) ?? []).map(
        (path) => `[\`${path.slice(path.lastIndexOf('/') + 1)}\`](../${path})`,
      );
      return links.length === 0 && !on.includes(column) ? '–' : links.join(', ');
    });
    return `| ${[index + 1, what, ...cells].join(' | ')} |`;
  });
  const names = [...Object.values(warehouses), 'connector'];
  return [
    `| # | what | ${names.join(' | ')} |`,
    `| --- | --- | ${names.map(() => '---').join(' | ')} |`,
    ...rows,
  ].join('\n');
}
