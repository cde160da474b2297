import {describe, expect, test} from 'vitest';
import {ColumnTypes} from '../../../src/cdc/events/column-types.ts';
import {EventContext} from '../../../src/cdc/events/event-context.ts';
import type {Relation, SnapshotBatch} from '../../../src/cdc/replication-source.ts';
import {EventKey} from '../../../src/cdc/events/event-key.ts';
import {RecordCollector} from '../../../src/cdc/events/record-collector.ts';
import {SnapshotEncoder} from '../../../src/cdc/snapshot/snapshot-encoder.ts';
import {SourcePositionHeader} from '../../../src/cdc/events/source-position-header.ts';
import {TableEncoder} from '../../../src/cdc/events/table-encoder.ts';
import {rowLayout} from '../../../src/cdc/events/row-layout.ts';
import {typeHandlingDefaults} from '../../../src/cdc/events/types/type-handling.ts';
import {collectedRecords} from '../../support/collected-records.ts';
import {column, relation} from '../../support/scripted-source.ts';
import {tuple} from '../../support/tuple.ts';

const columns = [column('id', 'int4', {nullable: false})];
const a = relation({oid: 1, schema: 's', table: 'a', columns});
const b = relation({oid: 2, schema: 's', table: 'b', columns});
const empty = relation({oid: 3, schema: 's', table: 'empty', columns});

function batch(of: Relation, ids: readonly number[], lastOfTable = false): SnapshotBatch {
  return {
    relation: of,
    rows: ids.map((id) => tuple([String(id)])),
    consistentPoint: 1000n,
    xid: 700,
    takenAt: 0,
    firstOfTable: false,
    lastOfTable,
    firstOfSnapshot: false,
    lastOfSnapshot: false,
  };
}

class Encoding {
  readonly written: [table: string, id: number, marker: string][] = [];
  readonly #context = new EventContext('p', 'db');
  readonly #key = new EventKey();
  readonly encoder = new SnapshotEncoder(
    this.#context,
    new SourcePositionHeader({name: 'camel', systemId: '7'}),
    ['s.left_out'],
  );
  readonly #tables = new Map<Relation, TableEncoder>();

  add(...batches: readonly SnapshotBatch[]): void {
    for (const each of batches) this.encoder.add(each, this.#of, 0);
  }

  end(): void {
    this.encoder.end(this.#of, 0);
  }

  readonly #of = (of: Relation): TableEncoder => {
    const known = this.#tables.get(of);
    if (known !== undefined) return known;
    const topic = {
      name: of.table,
      targets: [{topic: of.table, partition: 0, id: of.oid, table: of.table}],
    };
    const sink = new RecordCollector();
    const end = sink.end.bind(sink);
    sink.end = (headers) => {
      end(headers);
      sink.mark();
      for (const {value} of collectedRecords(sink.take())) {
        const {after, source} = JSON.parse(String(value)) as {
          after: {id: number};
          source: {snapshot: string};
        };
        this.written.push([of.table, after.id, source.snapshot]);
      }
    };
    const encoder = new TableEncoder(
      of,
      rowLayout(of, new ColumnTypes(typeHandlingDefaults), () => undefined),
      topic,
      {key: new Uint8Array(0), value: new Uint8Array(0)},
      {
        key: this.#key,
        context: this.#context,
        sink,
        form: {rows: 'envelope', deletes: true, tombstones: true, skipped: 't'},
      },
    );
    this.#tables.set(of, encoder);
    return encoder;
  };
}

describe('SnapshotEncoder', () => {
  test('names the table and the column of a value that is not as Postgres writes it', () => {
    const encoding = new Encoding();
    const damaged = {...batch(a, [1]), rows: [tuple(['1']), tuple(['2x'])]};

    encoding.add(damaged);

    expect(() => encoding.end()).toThrow(
      's.a, column id, in the snapshot: a value of type int4 is not as Postgres writes it under the settings of the session (it has 2 characters)',
    );
  });

  test('check 2: marks the ends of each table and of all where the batches of tables alternate', () => {
    const encoding = new Encoding();

    encoding.add(batch(a, [1, 2]), batch(b, [3]), batch(a, [4]), batch(b, [5, 6], true));
    encoding.add(batch(empty, [], true), batch(a, [7], true));
    encoding.end();

    expect(encoding.written).toEqual([
      ['a', 1, 'first'],
      ['a', 2, 'true'],
      ['b', 3, 'first_in_data_collection'],
      ['a', 4, 'true'],
      ['b', 5, 'true'],
      ['b', 6, 'last_in_data_collection'],
      ['a', 7, 'last'],
    ]);
  });

  test('tells which tables are written as a whole, without what it holds back, with what is left out', () => {
    const encoding = new Encoding();
    const seen: string[][] = [];
    const note = (): unknown => seen.push([...encoding.encoder.completedTables]);

    encoding.add(batch(a, [1], true));
    note();
    encoding.add(batch(empty, [], true), batch(b, [2]));
    note();
    encoding.add(batch(b, [3], true));
    note();
    encoding.end();
    note();

    expect(seen).toEqual([
      ['s.left_out'],
      ['s.left_out', 's.empty', 's.a'],
      ['s.left_out', 's.empty', 's.a'],
      ['s.left_out', 's.empty', 's.a', 's.b'],
    ]);
  });
});
