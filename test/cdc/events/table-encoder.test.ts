import {describe, expect, test} from 'vitest';
import {ColumnTypes} from '../../../src/cdc/events/column-types.ts';
import {EventContext} from '../../../src/cdc/events/event-context.ts';
import {EventKey} from '../../../src/cdc/events/event-key.ts';
import {RecordCollector} from '../../../src/cdc/events/record-collector.ts';
import {rowLayout} from '../../../src/cdc/events/row-layout.ts';
import {TableEncoder} from '../../../src/cdc/events/table-encoder.ts';
import {typeHandlingDefaults} from '../../../src/cdc/events/types/type-handling.ts';
import {collectedRecords} from '../../support/collected-records.ts';
import {column, relation} from '../../support/scripted-source.ts';
import {tuple} from '../../support/tuple.ts';

const table = relation({schema: 's', table: 't', columns: [column('id', 'text')], primaryKey: []});

function encoding() {
  const context = new EventContext('p', 'db');
  const sink = new RecordCollector();
  const encoder = new TableEncoder(
    table,
    rowLayout(table, new ColumnTypes(typeHandlingDefaults), () => undefined),
    {name: 't', targets: [{topic: 't', partition: 0, id: 0, table: 's.t'}]},
    {key: new Uint8Array(0), value: Buffer.from([0, 1])},
    {
      key: new EventKey(),
      context,
      sink,
      form: {rows: 'envelope', deletes: true, tombstones: true, skipped: ''},
    },
  );
  const written = (): string[] => {
    sink.mark();
    return collectedRecords(sink.take()).map(({value}) => String(value?.toString('latin1')));
  };
  return {context, encoder, written};
}

describe('TableEncoder.read', () => {
  test('writes the same bytes as a change does, but for op and source', () => {
    const {context, encoder, written} = encoding();
    context.processedAt(7);
    context.transaction(5, 700, null);
    encoder.change(
      {kind: 'insert', relation: table, lsn: 9n, before: undefined, after: tuple(['ü'])},
      {key: 'h', value: Buffer.alloc(0)},
    );
    context.snapshot(5, 700, 'true');
    encoder.read(tuple(['ü']), 9n, []);

    const [change = '', read] = written();
    expect(read).toBe(
      change.replace('"snapshot":"false"', '"snapshot":"true"').replace('"op":"c"', '"op":"r"'),
    );
  });

  test('follows the context: its marker, and when the row was processed', () => {
    const {context, encoder, written} = encoding();
    const steps = [
      () => context.processedAt(1_000),
      () => context.snapshot(0, 1, 'first'),
      () => context.snapshot(0, 1, 'true'),
      () => context.processedAt(2_000),
    ];

    for (const step of steps) {
      step();
      encoder.read(tuple(['a']), 9n, []);
    }

    expect(
      written().map((text) => {
        const {source, ts_us} = JSON.parse(text.slice(2)) as {
          source: {snapshot: string};
          ts_us: number;
        };
        return [source.snapshot, ts_us];
      }),
    ).toEqual([
      ['false', 1_000],
      ['first', 1_000],
      ['true', 1_000],
      ['true', 2_000],
    ]);
  });
});
