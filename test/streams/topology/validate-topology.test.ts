import {describe, expect, test} from 'vitest';
import {FatalError} from '../../../src/common/errors.ts';
import {json, jsonSr, kafka} from '../../../src/serde/format.ts';
import {notNull, struct, varchar} from '../../../src/serde/schema.ts';
import {StreamsBuilder} from '../../../src/streams/dsl/streams-builder.ts';
import {filter} from '../../../src/streams/operators/filter.ts';
import {latestByKey} from '../../../src/streams/operators/latest-by-key.ts';
import {topic} from '../../../src/streams/topic.ts';
import type {Node} from '../../../src/streams/topology/node.ts';
import {Topology} from '../../../src/streams/topology/topology.ts';

const id = notNull(varchar());
const Row = struct({id, name: varchar()});
const rows = topic('rows', {key: kafka(id), value: json(Row)});
const others = topic('others', {key: kafka(id), value: json(Row)});

const source: Node = {
  kind: 'source',
  name: 'source-1',
  topic: rows,
  feeds: 'stream',
  repartitioned: false,
  tombstones: 'drop',
};
const keepAll = filter<string, object>(() => true);

function messageOf(build: () => unknown): string {
  try {
    build();
  } catch (error) {
    if (error instanceof FatalError && error.code === 'TOPOLOGY_INVALID') return error.message;
    throw error;
  }
  return 'valid';
}

describe('validateTopology', () => {
  test('refuses two readers of one topic', () => {
    const builder = new StreamsBuilder();
    builder.stream(rows).to(others);
    builder.stream(rows);

    expect(messageOf(() => builder.build())).toBe(
      'The topology cannot run: topic "rows" is read twice; call stream() once and share what it returns.',
    );
  });

  test('refuses sub-topologies whose topics are keyed in different formats', () => {
    const builder = new StreamsBuilder();
    const table = builder
      .stream(rows)
      .latestByKey(topic('table', {key: kafka(id), value: json(Row)}));
    const stream = builder.stream(topic('stream', {key: jsonSr(id), value: json(Row)}));
    stream.join(table, (row) => row).to(others);

    expect(messageOf(() => builder.build())).toBe(
      'The topology cannot run: sub-topology 0 reads "rows" keyed as KAFKA VARCHAR and "stream" keyed as ' +
        'JSON_SR VARCHAR: equal keys would land in different partitions; repartition one of them.',
    );
  });

  test('refuses keys in one format with different schemas', () => {
    const builder = new StreamsBuilder();
    const other = struct({id}, {name: 'other'});
    const a = builder.stream(topic('a', {key: json(struct({id})), value: json(Row)}));
    const b = builder.stream(topic('b', {key: json(other), value: json(Row)}));
    a.merge(b).to(topic('c', {key: json(other), value: json(Row)}));

    expect(messageOf(() => builder.build())).toContain(
      'reads "a" keyed as JSON STRUCT (id) and "b" keyed as JSON STRUCT other (id)',
    );
  });

  test('refuses a topic that is written in one format and read in another', () => {
    const builder = new StreamsBuilder();
    builder.stream(rows).to(others);
    builder.stream(topic('others', {key: kafka(id), value: jsonSr(Row)}));

    expect(messageOf(() => builder.build())).toBe(
      'The topology cannot run: topic "others" is declared with two value formats, JSON STRUCT (id, name) and ' +
        'JSON_SR STRUCT (id, name); declare it once and use that.',
    );
  });

  test('refuses two tables in one topic', () => {
    const builder = new StreamsBuilder();
    builder.stream(rows).latestByKey(others);
    builder.stream(topic('more', {key: kafka(id), value: json(Row)})).latestByKey(others);

    expect(messageOf(() => builder.build())).toContain('two tables are kept in "others"');
  });

  test("refuses to write a stream into a table's topic", () => {
    const builder = new StreamsBuilder();
    builder.stream(rows).latestByKey(others).toStream().to(others);

    expect(messageOf(() => builder.build())).toContain(
      'topic "others" holds the rows of table "others" and is also read or written as a stream',
    );
  });

  test('refuses records that come back to where they were', () => {
    const builder = new StreamsBuilder();
    builder
      .stream(rows)
      .repartition(others, (row) => row.name)
      .to(rows);

    expect(messageOf(() => builder.build())).toBe(
      'The topology cannot run: its nodes form a cycle: source-1 -> rekey-1 -> sink-1 -> source-2 -> sink-2 -> source-1.',
    );
  });

  test('takes a diamond, which is no cycle', () => {
    const builder = new StreamsBuilder();
    const stream = builder.stream(rows);
    stream
      .filter((row) => row.name === null)
      .merge(stream.filter((row) => row.name !== null))
      .to(others);

    expect(messageOf(() => builder.build())).toBe('valid');
  });

  test.each<[string, readonly Node[]]>([
    ['two nodes are named "source-1"', [source, source]],
    ['sink-1 has no parent', [source, {kind: 'sink', name: 'sink-1', topic: others, parents: []}]],
    [
      'sink-1 has an unknown parent "nobody"',
      [source, {kind: 'sink', name: 'sink-1', topic: others, parents: ['nobody']}],
    ],
    [
      'latest opens an unknown store "rows"',
      [
        source,
        {
          kind: 'operator',
          name: 'latest',
          operator: latestByKey('rows', Row),
          parents: ['source-1'],
        },
      ],
    ],
    [
      'a -> b -> a',
      [
        source,
        {kind: 'operator', name: 'a', operator: keepAll, parents: ['source-1', 'b']},
        {kind: 'operator', name: 'b', operator: keepAll, parents: ['a']},
      ],
    ],
  ])('refuses a graph in which %s', (message, nodes) => {
    expect(messageOf(() => new Topology(nodes, []))).toContain(message);
  });
});
