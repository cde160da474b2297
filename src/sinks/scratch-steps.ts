import {TaskError} from '../common/errors.ts';
import type {CheckStep, SinkCheck} from './sink-check.ts';
import type {TableColumn, TableDefinition} from './table-definition.ts';
import type {SinkPartition, SinkRow, SinkSource} from './warehouse-sink.ts';

/**
 * The steps in which the sink itself writes, to two scratch tables, and the one that removes them. That one is undefined
 * where nothing was begun.
 */
export function scratchSteps(
  check: SinkCheck,
  scratch: string,
): {readonly steps: readonly CheckStep[]; readonly cleanUp: () => Promise<CheckStep | undefined>} {
  const {sink, largeBatch, remedies} = check;
  const name = `check-${scratch}`;
  const appended = `millrace_check_${scratch}_append`;
  const upserted = `millrace_check_${scratch}_upsert`;
  const open: SinkPartition[] = [];
  let begun = false;

  async function opened(of: SinkSource): Promise<SinkPartition> {
    begun = true;
    const partition = await sink.open(of);
    open.push(partition);
    return partition;
  }

  async function expectRows(table: string, expected: number): Promise<string> {
    const found = await check.count(table);
    if (found !== expected) throw new Error(`${table} has ${found} rows in place of ${expected}`);
    return `${found} rows in ${table}`;
  }

  const append = source({sink: name, table: appended, columns: narrow, insertMode: 'append'});
  const wider = source({sink: name, table: appended, columns: wide, insertMode: 'append'});
  const upsert = source({sink: name, table: upserted, columns: narrow, insertMode: 'upsert'});
  let at = 0;

  const steps: readonly CheckStep[] = [
    {
      name: 'create a table and its watermark',
      remedy: remedies.create,
      run: async () => {
        const {nextOffset} = await opened(append);
        if (nextOffset !== undefined)
          throw new Error(`there is a watermark already: ${nextOffset}`);
        return appended;
      },
    },
    {
      name: 'insert rows with their watermark',
      remedy: remedies.write,
      run: async () => {
        at = await write(last(open), 0, [row(0, 'a', 1), row(1, 'b', 2)]);
        return expectRows(appended, at);
      },
    },
    {
      name: 'find the watermark, fence the writer before',
      remedy: remedies.write,
      run: async () => {
        const before = last(open);
        const {nextOffset} = await opened(append);
        if (nextOffset !== at) throw new Error(`the watermark is ${nextOffset} in place of ${at}`);
        await expectFenced(write(before, at, [row(at, 'stale', 0)]));
        return expectRows(appended, at);
      },
    },
    {
      name: 'add a column',
      remedy: remedies.alter,
      run: async () => {
        at = await write(await opened(wider), at, [row(at, 'c', 3)]);
        return expectRows(appended, at);
      },
    },
    {
      name: 'load a large batch',
      remedy: remedies.load,
      run: async () => {
        const rows = Array.from({length: largeBatch}, (_, i) => row(at + i, `k${i}`, i));
        at = await write(last(open), at, rows);
        return expectRows(appended, at);
      },
    },
    {
      name: 'merge updates and deletes',
      remedy: remedies.upsert,
      run: async () => {
        const partition = await opened(upsert);
        await write(partition, 0, [row(0, 'a', 1), row(1, 'b', 2), row(2, 'c', 3)]);
        await write(partition, 3, [row(3, 'a', 4), row(4, 'b', null)]);
        return expectRows(upserted, 2);
      },
    },
  ];

  return {
    steps,
    cleanUp: async () => {
      // One that was fenced, or whose session is gone, has nothing more to close.
      await Promise.allSettled(open.map((partition) => partition.close()));
      if (!begun) return undefined;
      return {
        name: 'clean up',
        remedy: `${remedies.drop}; then drop ${appended} and ${upserted}, and delete the watermarks of sink ${name}`,
        run: async () => {
          for (const table of [appended, upserted]) await check.drop(table, name);
          return 'scratch tables and watermarks removed';
        },
      };
    },
  };
}

const column = (name: string, kind: 'VARCHAR' | 'BIGINT'): TableColumn => ({
  name,
  type: {kind},
  from: 'value',
});
const partitionColumn: TableColumn = {
  name: 'partition',
  type: {kind: 'INTEGER'},
  from: 'partition',
};
const narrow = [column('id', 'VARCHAR'), column('number', 'BIGINT'), partitionColumn];
const wide = [
  column('id', 'VARCHAR'),
  column('number', 'BIGINT'),
  column('note', 'VARCHAR'),
  partitionColumn,
];

interface Scratch extends Pick<SinkSource, 'sink' | 'insertMode'> {
  readonly table: string;
  readonly columns: TableDefinition['columns'];
}

function source({sink, table, columns, insertMode}: Scratch): SinkSource {
  return {
    sink,
    topic: table,
    topicId: table,
    partition: 0,
    table: {name: table, columns},
    insertMode,
    autoCreate: true,
    autoEvolve: 'evolve',
  };
}

/** `number` null is a tombstone. */
function row(offset: number, id: string, number: number | null): SinkRow {
  const value = {id, number, note: "öne 'n'ote"};
  return {
    offset,
    key: id,
    value: number === null ? null : Buffer.from(JSON.stringify(value)),
    timestamp: 0,
  };
}

/** Writes one batch; resolves with the watermark after it. */
async function write(
  to: SinkPartition,
  startOffset: number,
  rows: readonly SinkRow[],
): Promise<number> {
  const nextOffset = startOffset + rows.length;
  await to.write({rows, startOffset, nextOffset});
  return nextOffset;
}

async function expectFenced(writing: Promise<unknown>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    if (error instanceof TaskError && error.code === 'SINK_FENCED') return;
    throw error;
  }
  throw new Error('a writer whose partition was taken over could still write');
}

function last(open: readonly SinkPartition[]): SinkPartition {
  const partition = open.at(-1);
  if (partition === undefined) throw new Error('no partition is open');
  return partition;
}
