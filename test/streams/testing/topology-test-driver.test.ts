import {beforeEach, describe, expect, test} from 'vitest';
import {json, jsonSr, kafka} from '../../../src/serde/format.ts';
import {notNull, struct, varchar} from '../../../src/serde/schema.ts';
import {StreamsBuilder} from '../../../src/streams/dsl/streams-builder.ts';
import {TopologyTestDriver} from '../../../src/streams/testing/topology-test-driver.ts';
import {internalTopic, topic} from '../../../src/streams/topic.ts';

const id = notNull(varchar());
const Row = struct({id, name: varchar()});
const raw = topic('raw', {key: json(struct({id})), value: jsonSr(Row)});
const byId = topic('by-id', {key: kafka(id), value: jsonSr(Row)});
const rows = topic('rows', {key: jsonSr(id), value: jsonSr(Row)});
const internalRows = internalTopic('internal-rows', {key: jsonSr(id), value: json(Row)});
const names = topic('names', {key: kafka(id), value: json(Row)});

const ada = {id: '1', name: 'Ada'};
const headers = [{key: 'h', value: Buffer.of(1)}];

let driver: TopologyTestDriver;

beforeEach(() => {
  const builder = new StreamsBuilder();
  const stream = builder.stream(raw).repartition(byId, (row) => row.id);
  stream.toTable(rows).toStream().to(names);
  stream.latestByKey(internalRows);
  driver = new TopologyTestDriver(builder.build());
});

describe('TopologyTestDriver', () => {
  test('carries a record through every repartition topic before pipe returns', () => {
    driver.input(raw).pipe({id: '1'}, ada, 7, headers);

    const record = {key: '1', value: ada, timestamp: 7, headers};
    expect(driver.output(byId).readRecords()).toEqual([record]);
    expect(driver.output(names).readRecords()).toEqual([record]);
  });

  test('shows what a table writes to its topic, in order, at the time of the record', () => {
    driver.input(raw).pipe({id: '1'}, ada, 7, headers);
    driver.input(raw).pipe({id: '1'}, {...ada, name: 'Eve'}, 8);

    expect(driver.output(rows).readRecords()).toEqual([
      {key: '1', value: ada, timestamp: 7, headers: []},
      {key: '1', value: {...ada, name: 'Eve'}, timestamp: 8, headers: []},
    ]);
  });

  test('shows rows of tables, in published topics and in internal ones', () => {
    driver.input(raw).pipe({id: '1'}, ada);

    expect(driver.table(rows)).toEqual(new Map([['1', ada]]));
    expect(driver.table(internalRows)).toEqual(new Map([['1', ada]]));
    expect(driver.output(internalRows).read()).toEqual([]);
  });

  test('gives each output once', () => {
    driver.input(raw).pipe({id: '1'}, ada);

    expect(driver.output(names).read()).toHaveLength(1);
    expect(driver.output(names).read()).toEqual([]);
  });

  test('counts what is dropped, by reason', () => {
    driver.input(raw).pipe({id: '1'}, null);
    driver.input(raw).pipe({id: '1'}, null);
    driver.input(raw).pipe(null, ada);

    expect(driver.dropped()).toEqual({tombstone: 2, null_key: 1});
  });

  test('fails where a value does not fit its format', () => {
    const misfit = {id: null, name: 'Ada'} as unknown as typeof ada;

    expect(() => driver.input(raw).pipe({id: '1'}, misfit)).toThrow(/id/);
  });

  test('refuses topics that the topology does not know in that place', () => {
    expect(() => driver.input(names)).toThrow('The topology does not read "names".');
    expect(() => driver.table(names)).toThrow('The topology keeps no table in "names".');
  });
});
