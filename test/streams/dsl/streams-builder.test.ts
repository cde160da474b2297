import {beforeEach, describe, expect, test} from 'vitest';
import {json, kafka} from '../../../src/serde/format.ts';
import {notNull, nullable, struct, varchar} from '../../../src/serde/schema.ts';
import {StreamsBuilder} from '../../../src/streams/dsl/streams-builder.ts';
import {TopologyTestDriver} from '../../../src/streams/testing/topology-test-driver.ts';
import {topic} from '../../../src/streams/topic.ts';

const id = notNull(varchar());
const Person = struct({id, name: varchar()});
const Town = struct({id, town: varchar()});
const PersonInTown = struct({id, name: varchar(), town: varchar()});
const keyed = {key: kafka(id)};

const peopleIn = topic('people-in', {...keyed, value: json(nullable(Person))});
const townsIn = topic('towns-in', {...keyed, value: json(nullable(Town))});
const people = topic('people', {...keyed, value: json(Person)});
const towns = topic('towns', {...keyed, value: json(Town)});
const peopleInTowns = topic('people-in-towns', {...keyed, value: json(PersonInTown)});
const out = topic('out', {...keyed, value: json(PersonInTown)});

const ada = {id: '1', name: 'Ada'};
const london = {id: '1', town: 'London'};
const adaInLondon = {id: '1', name: 'Ada', town: 'London'};
const adaNowhere = {id: '1', name: 'Ada', town: null};

let builder: StreamsBuilder;

beforeEach(() => {
  builder = new StreamsBuilder();
});

describe('a table-table join', () => {
  test('has a row once both sides have one', () => {
    const driver = joined();

    driver.input(peopleIn).pipe('1', ada);
    driver.input(townsIn).pipe('1', london);

    expect(driver.output(peopleInTowns).read()).toEqual([['1', adaInLondon]]);
    expect(driver.table(peopleInTowns)).toEqual(new Map([['1', adaInLondon]]));
  });

  test('deletes the row once when both sides go, one after the other', () => {
    const driver = joined();
    driver.input(peopleIn).pipe('1', ada);
    driver.input(townsIn).pipe('1', london);

    driver.input(peopleIn).pipe('1', null);
    driver.input(townsIn).pipe('1', null);

    expect(driver.output(peopleInTowns).read()).toEqual([
      ['1', adaInLondon],
      ['1', null],
    ]);
  });

  test('emits no tombstone for a row that never was', () => {
    const driver = joined();
    driver.input(peopleIn).pipe('1', ada);

    driver.input(peopleIn).pipe('1', null);

    expect(driver.output(peopleInTowns).read()).toEqual([]);
  });

  test('says nothing where neither side changes, or only by columns that the result lacks', () => {
    const driver = joined();
    driver.input(peopleIn).pipe('1', ada);
    driver.input(townsIn).pipe('1', london);
    driver.output(peopleInTowns).read();

    driver.input(peopleIn).pipe('1', ada);
    driver.input(townsIn).pipe('1', london);

    expect(driver.output(peopleInTowns).read()).toEqual([]);
  });

  test('repeats rows where one side is latestByKey', () => {
    builder
      .stream(peopleIn)
      .latestByKey(people)
      .join(
        builder.stream(townsIn).toTable(towns),
        (person, town) => ({...person, ...town}),
        peopleInTowns,
      );
    const driver = new TopologyTestDriver(builder.build());
    driver.input(townsIn).pipe('1', london);

    driver.input(peopleIn).pipe('1', ada);
    driver.input(peopleIn).pipe('1', ada);

    expect(driver.output(peopleInTowns).read()).toHaveLength(2);
  });
});

describe('a table-table left join', () => {
  test('has a row for each row of the left side', () => {
    builder
      .stream(peopleIn)
      .toTable(people)
      .leftJoin(
        builder.stream(townsIn).toTable(towns),
        (person, town) => ({...person, town: town?.town ?? null}),
        peopleInTowns,
      );
    const driver = new TopologyTestDriver(builder.build());

    driver.input(peopleIn).pipe('1', ada);
    driver.input(townsIn).pipe('1', london);
    driver.input(townsIn).pipe('1', null);
    driver.input(townsIn).pipe('2', {...london, id: '2'});
    driver.input(peopleIn).pipe('1', null);

    expect(driver.output(peopleInTowns).read()).toEqual([
      ['1', adaNowhere],
      ['1', adaInLondon],
      ['1', adaNowhere],
      ['1', null],
    ]);
  });
});

describe('a stream-table left join', () => {
  test('emits each record, with null where the table has no row', () => {
    const table = builder.stream(townsIn).toTable(towns);
    builder
      .stream(peopleIn)
      .leftJoin(table, (person, town) => ({...person, town: town?.town ?? null}))
      .to(out);
    const driver = new TopologyTestDriver(builder.build());

    driver.input(peopleIn).pipe('1', ada);
    driver.input(townsIn).pipe('1', london);
    driver.input(peopleIn).pipe('1', ada);

    expect(driver.output(out).read()).toEqual([
      ['1', adaNowhere],
      ['1', adaInLondon],
    ]);
  });
});

describe('merge', () => {
  test('carries the records of both streams, tombstones included', () => {
    const stream = builder.stream(peopleIn);
    const present = stream
      .filter((person) => person !== null)
      .mapValues((person) => ({...person, town: 'A'}));
    const towned = builder.stream(townsIn).flatten((town) => town && {...town, name: 'B'});
    present.merge(towned).to(out);
    stream.filter((person) => person === null).to(out);
    const driver = new TopologyTestDriver(builder.build());

    driver.input(peopleIn).pipe('1', ada);
    driver.input(townsIn).pipe('1', london);
    driver.input(peopleIn).pipe('1', null);

    expect(driver.output(out).read()).toEqual([
      ['1', {...ada, town: 'A'}],
      ['1', {...london, name: 'B'}],
      ['1', null],
    ]);
  });
});

describe('toStream', () => {
  test("carries a table's changes", () => {
    builder
      .stream(peopleIn)
      .toTable(people)
      .toStream()
      .mapValues((person) => person && {...person, town: null})
      .to(out);
    const driver = new TopologyTestDriver(builder.build());

    driver.input(peopleIn).pipe('1', ada);
    driver.input(peopleIn).pipe('1', ada);
    driver.input(peopleIn).pipe('1', null);

    expect(driver.output(out).read()).toEqual([
      ['1', adaNowhere],
      ['1', null],
    ]);
  });
});

describe('peek', () => {
  test('observes records without touching them', () => {
    const seen: unknown[] = [];
    builder
      .stream(townsIn)
      .peek(({key, value}) => void seen.push([key, value]))
      .to(towns);
    const driver = new TopologyTestDriver(builder.build());

    driver.input(townsIn).pipe('1', london);

    expect(seen).toEqual([['1', london]]);
    expect(driver.output(towns).read()).toEqual(seen);
  });
});

/** People and towns as tables, joined. */
function joined(): TopologyTestDriver {
  builder
    .stream(peopleIn)
    .toTable(people)
    .join(
      builder.stream(townsIn).toTable(towns),
      (person, town) => ({...person, ...town}),
      peopleInTowns,
    );
  return new TopologyTestDriver(builder.build());
}
