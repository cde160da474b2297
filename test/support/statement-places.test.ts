import {describe, expect, test} from 'vitest';
import {shapeOf, StatementPlaces} from './statement-places.ts';

describe('shapeOf', () => {
  test.each([
    ['INSERT INTO "SWEEP_12" VALUES (7)', 'INSERT INTO "SWEEP_7" VALUES (12)'],
    ["PUT '/tmp/a' INTO '/b'", "PUT '/tmp/it\\'s' INTO '/c'"],
    ['MERGE INTO `main`.`t_1` AS t', 'MERGE INTO `main`.`t_2` AS t'],
    ['REMOVE @~/millrace/a1b2/1-2-3.json.gz', 'REMOVE @~/millrace/ffff0/4-5-6.json.gz'],
  ])('is the same for %s and %s', (one, other) => {
    expect(shapeOf(one)).toBe(shapeOf(other));
  });

  test.each([
    ['UPDATE t SET a = NULL', "UPDATE t SET a = 'x'"],
    ['MERGE INTO `main`.`t_1` AS t', 'MERGE INTO `main`.`offsets` AS t'],
  ])('is another one for %s than for %s', (one, other) => {
    expect(shapeOf(one)).not.toBe(shapeOf(other));
  });
});

describe('StatementPlaces', () => {
  test('has a statement for new once behind each other one', () => {
    const places = new StatementPlaces();
    const isNew = (...statements: readonly string[]) => statements.map((sql) => places.isNew(sql));

    expect(isNew('BEGIN')).toEqual([true]);
    expect(isNew('BEGIN', 'COMMIT')).toEqual([false, true]);
    expect(isNew('BEGIN', 'COMMIT', 'BEGIN')).toEqual([false, false, true]);
    expect(places.last).toBe('BEGIN');
  });

  test('begins anew behind one that was new, and where a process begins', () => {
    const places = new StatementPlaces();
    expect(['BEGIN', 'COMMIT', 'COMMIT'].map((sql) => places.isNew(sql))).toEqual([
      true,
      true,
      false,
    ]);

    places.restart();

    expect(places.isNew('BEGIN')).toBe(false);
  });

  test('has the removal of a file for one place, whatever is beside it', () => {
    const places = new StatementPlaces();
    const statements = ['PUT', "REMOVE '/a1'", 'COPY', "REMOVE '/b2'", 'PUT'];
    for (const sql of statements) places.isNew(sql);

    expect(places.missing(['PUT', "REMOVE '/c3'"])).toBe(0);
    expect(places.missing(['PUT', 'COPY', 'PUT'])).toBe(2);
  });
});
