import {readFileSync} from 'node:fs';
import {describe, expect, inject, test} from 'vitest';
import {typeHandlingDefaults} from '../../../src/cdc/events/types/type-handling.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import type {Logger} from '../../../src/common/logger.ts';
import {capture} from '../golden/capture.ts';
import type {CaptureSettings, Scripts} from '../golden/capture.ts';
import {isObject} from '../golden/change-event.ts';
import type {ChangeEvent} from '../golden/change-event.ts';
import {exactText} from '../golden/exact-json.ts';

const port = inject('postgresPort');

/** Columns of a row as JSON texts, with all digits. */
type Row = Readonly<Record<string, string>>;

interface Captured {
  readonly events: readonly ChangeEvent[];
  /** `after` of the events that have one. */
  readonly rows: readonly Row[];
  readonly warnings: readonly string[];
}

/** What becomes of the table `a.t`. */
async function captureTable(scripts: Scripts, settings: CaptureSettings = {}): Promise<Captured> {
  const warnings: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (_, message) => warnings.push(message ?? ''),
    child: () => logger,
  };
  const events =
    (
      await capture(
        port,
        {...scripts, snapshot: `CREATE SCHEMA a;\n${scripts.snapshot}`},
        {
          ...settings,
          logger,
        },
      )
    ).get('postgres.a.t') ?? [];
  return {
    events,
    rows: events.map((event) => rowOf(event, 'after')).filter((row) => row !== undefined),
    warnings,
  };
}

function rowOf({value}: ChangeEvent, side: 'before' | 'after'): Row | undefined {
  const row = isObject(value) ? value[side] : undefined;
  if (!isObject(row)) return undefined;
  return Object.fromEntries(
    Object.entries(row).map(([name, column]) => [name, exactText(column) ?? '']),
  );
}

function without(row: Row, ...columns: readonly string[]): Row {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !columns.includes(name)));
}

/** The columns of a table and the text of one row of it. */
async function captureValues(
  columns: string,
  values: string,
  settings?: CaptureSettings,
): Promise<Row> {
  const {rows} = await captureTable(
    {
      snapshot: `CREATE TABLE a.t (id int PRIMARY KEY, ${columns}); INSERT INTO a.t VALUES (1, ${values})`,
      stream: `INSERT INTO a.t VALUES (2, ${values})`,
    },
    settings,
  );
  const [read, created] = rows.map((row) => without(row, 'id'));
  expect(created).toEqual(read);
  return read ?? {};
}

const placeholder = '__debezium_unavailable_value';
const toasted = {
  snapshot: `CREATE EXTENSION hstore;
    CREATE TABLE a.t (id int PRIMARY KEY, n int, text_ text, jsonb_ jsonb, bytes bytea, texts text[], ints int[], hstore_ hstore);
    ALTER TABLE a.t SET (toast_tuple_target = 128);
    DO $$ BEGIN EXECUTE (SELECT 'ALTER TABLE a.t ' || string_agg(format('ALTER %I SET STORAGE EXTERNAL', attname), ', ')
      FROM pg_attribute WHERE attrelid = 'a.t'::regclass AND attnum > 2); END $$;
    INSERT INTO a.t SELECT 1, 1, repeat('x', 900), jsonb_build_object('k', repeat('y', 900)), decode(repeat('ab', 900), 'hex'),
      ARRAY[repeat('z', 900)], array_agg(g), hstore('k', repeat('h', 900)) FROM generate_series(1, 300) g`,
  stream: 'UPDATE a.t SET n = 2',
};

describe('ColumnTypes', () => {
  test('check 11: shows placeholders for unchanged TOAST values under REPLICA IDENTITY DEFAULT', async () => {
    const {rows} = await captureTable(toasted);

    expect(rows[1]).toEqual({
      id: '1',
      n: '2',
      text_: `"${placeholder}"`,
      jsonb_: `"${placeholder}"`,
      bytes: `"${Buffer.from(placeholder).toString('base64')}"`,
      texts: `["${placeholder}"]`,
      ints: `[${[...Buffer.from(placeholder)].join(',')}]`,
      hstore_: JSON.stringify(JSON.stringify({[placeholder]: placeholder})),
    });
  });

  test('check 12: shows unchanged TOAST values as they are under REPLICA IDENTITY FULL', async () => {
    const {rows} = await captureTable({
      ...toasted,
      snapshot: `${toasted.snapshot}; ALTER TABLE a.t REPLICA IDENTITY FULL`,
    });

    expect(rows[1]).toEqual({...rows[0], n: '2'});
    expect(rows[0]?.['text_']).toHaveLength(902);
  });

  test('check 15: writes every type alike in both phases', async () => {
    const [snapshot = '', stream = ''] = ['snapshot', 'stream'].map((part) =>
      readFileSync(new URL(`../golden/every-type.${part}.sql`, import.meta.url), 'utf8'),
    );
    const copies = stream.slice(0, stream.indexOf('INSERT INTO specimen.defaults'));

    const events = await capture(port, {snapshot, stream: copies});

    let rows = 0;
    for (const [topic, list] of events) {
      const withoutKey = (op: string) =>
        list
          .filter(({value}) => isObject(value) && value['op'] === op)
          .map((event) => {
            const row = without(rowOf(event, 'after') ?? {}, 'id', 'identity_');
            return JSON.stringify(row);
          });
      const created = withoutKey('c');
      expect([topic, ...withoutKey('r')]).toEqual(expect.arrayContaining(created));
      rows += created.length;
      expect(new Set(list.map(({valueSchema}) => JSON.stringify(valueSchema))).size).toBeLessThan(
        2,
      );
    }
    expect(rows).toBe(75);
  });

  test('check 16: has null for NaN and infinity with one warning per column, and goes on', async () => {
    const scripts = {
      snapshot: `CREATE TABLE a.t (id int PRIMARY KEY, any_ numeric, cents numeric(6, 2));
        INSERT INTO a.t VALUES (1, 'NaN', 'NaN'), (2, 'Infinity', 1)`,
      stream: `INSERT INTO a.t VALUES (3, '-Infinity', 'NaN'), (4, 1.5, 1.5)`,
    };

    const precise = await captureTable(scripts);
    const [text, double] = await Promise.all(
      (['string', 'double'] as const).map((decimal) =>
        captureTable(scripts, {connector: {types: {...typeHandlingDefaults, decimal}}}),
      ),
    );

    expect(precise.rows.map((row) => [row['any_'], row['cents']])).toEqual([
      ['null', 'null'],
      ['null', '"ZA=="'],
      ['null', 'null'],
      ['{"scale":1,"value":"Dw=="}', '"AJY="'],
    ]);
    const lost = precise.warnings.filter((warning) => warning.includes('has no form'));
    expect(lost).toEqual([
      expect.stringContaining('a.t.any_: numeric value NaN'),
      expect.stringContaining('a.t.cents: numeric value NaN'),
    ]);
    expect(text?.rows.map((row) => row['any_'])).toEqual([
      '"NAN"',
      '"POSITIVE_INFINITY"',
      '"NEGATIVE_INFINITY"',
      '"1.5"',
    ]);
    expect(double?.rows.map((row) => row['any_'])).toEqual([
      '"NaN"',
      '"Infinity"',
      '"-Infinity"',
      '1.5',
    ]);
  });

  test('check 17: reaches from before Christ to infinity', async () => {
    const columns = 'd date, ts timestamp, ts3 timestamp(3), tz timestamptz';
    const text = (value: string, last = value) =>
      captureValues(columns, `'${value}', '${last}', '${last}', '${last}'`);

    const [infinity, minus, bc, last] = await Promise.all([
      text('infinity'),
      text('-infinity'),
      text('0044-03-15 BC'),
      text('5874897-12-31', '294276-12-31 23:59:59.999'),
    ]);

    expect(infinity).toEqual({
      d: '-2147472692',
      ts: '9223372036825200000',
      ts3: '9223372036825200',
      tz: '"infinity"',
    });
    expect(minus).toEqual({
      d: '-2147472691',
      ts: '-9223372036832400000',
      ts3: '-9223372036832400',
      tz: '"-infinity"',
    });
    expect(bc).toEqual({
      d: '-735160',
      ts: '-63517824000000000',
      ts3: '-63517824000000',
      tz: '"-0043-03-15T00:00:00.000000Z"',
    });
    // Its microseconds need 65 bits.
    expect(last).toEqual({
      d: '2145042905',
      ts: 'null',
      ts3: '9224318015999999',
      tz: '"+294276-12-31T23:59:59.999000Z"',
    });
  });

  test('check 18: has 24:00:00, and times of day in UTC', async () => {
    const row = await captureValues(
      't time, t3 time(3), east timetz, west timetz(0)',
      `'24:00:00', '24:00:00', '04:05:06.789123+05:30', '23:00:00-02'`,
    );

    expect(row).toEqual({
      t: '86400000000',
      t3: '86400000',
      east: '"22:35:06.789123Z"',
      west: '"01:00:00Z"',
    });
  });

  test('check 19: keeps every digit, and takes an oid as unsigned', async () => {
    const row = await captureValues(
      'least bigint, most bigint, odd bigint, oid_ oid, oids oid[]',
      `-9223372036854775808, 9223372036854775807, 9007199254740993, 4294967295, '{2147483648}'`,
    );

    expect(row).toEqual({
      least: '-9223372036854775808',
      most: '9223372036854775807',
      odd: '9007199254740993',
      oid_: '4294967295',
      oids: '[2147483648]',
    });
  });

  test('check 20: brings any text and any name through', async () => {
    const text = `👩‍👩‍👧 e\u0301 "q" \\ ' \r\n\t \u2028\u2029 \u0001`;
    const column = 'Ключ "x" \\';
    const {events, rows} = await captureTable({
      snapshot: `CREATE TABLE a.t (id text PRIMARY KEY, "${column.replaceAll('"', '""')}" text);
        INSERT INTO a.t VALUES ($$${text}$$, $$${text}$$)`,
      stream: `UPDATE a.t SET id = id || '2'`,
    });

    expect(rows[0]).toEqual({id: JSON.stringify(text), [column]: JSON.stringify(text)});
    expect(events[0]?.key).toEqual({id: text});
    expect(events[1]?.headers['__debezium.newkey']).toBe(JSON.stringify({id: `${text}2`}));
  });

  test('check 21: tells empty from null', async () => {
    const row = await captureValues(
      'empty text, none text, no_items int[], no_array int[], json_null jsonb, no_json jsonb, no_bytes bytea',
      `'', NULL, '{}', NULL, 'null', NULL, ''`,
    );

    expect(row).toEqual({
      empty: '""',
      none: 'null',
      no_items: '[]',
      no_array: 'null',
      json_null: '"null"',
      no_json: 'null',
      no_bytes: '""',
    });
  });

  test('check 22: leaves json as it was written', async () => {
    const json = '{"b" : 1e400,  "a":1.50, "b":{"x": "\\u0000"}}';

    const row = await captureValues('j json', `'${json}'`);

    expect(row['j']).toBe(JSON.stringify(json));
  });

  test('check 23: does not depend on the settings of the database', async () => {
    const columns =
      'd date, tz timestamptz, i interval, b bytea, f float4, m money, r tstzrange, a timestamptz[]';
    const values = `'2024-02-29', '2024-02-29 01:02:03+00', '1 day 02:00', '\\xff', 0.1, 1.5::numeric::money, '[2024-01-01 00:00+00,)', '{2024-01-01 00:00+00}'`;
    const set = `DO $$ DECLARE s text; BEGIN
      FOREACH s IN ARRAY ARRAY['datestyle = German', 'timezone = ''Asia/Tokyo''', 'intervalstyle = iso_8601', 'bytea_output = escape', 'extra_float_digits = -15'] LOOP
        EXECUTE format('ALTER DATABASE %I SET ', current_database()) || s;
      END LOOP; END $$`;

    const plain = await captureValues(columns, values);
    const {rows} = await captureTable({
      snapshot: `${set}; CREATE TABLE a.t (id int PRIMARY KEY, ${columns}); INSERT INTO a.t VALUES (1, ${values})`,
      stream: `INSERT INTO a.t VALUES (2, ${values})`,
    });

    expect(rows).toEqual([
      {id: '1', ...plain},
      {id: '2', ...plain},
    ]);
  });

  test('check 24: brings a label that its enum has got in mid-stream, and registers it', async () => {
    const {events, rows} = await captureTable({
      snapshot: `CREATE TYPE a.mood AS ENUM ('sad', 'ok');
        CREATE TABLE a.t (id int PRIMARY KEY, mood a.mood, moods a.mood[]);
        INSERT INTO a.t VALUES (1, 'sad', '{ok}')`,
      stream: `INSERT INTO a.t VALUES (2, 'ok', NULL);
        ALTER TYPE a.mood ADD VALUE 'glad' BEFORE 'ok';
        INSERT INTO a.t VALUES (3, 'ok', NULL);
        INSERT INTO a.t VALUES (4, 'glad', '{glad,sad}');
        ALTER TYPE a.mood RENAME VALUE 'glad' TO 'merry';
        INSERT INTO a.t VALUES (5, NULL, '{merry}');`,
    });

    expect(rows.map(({mood, moods}) => [mood, moods])).toEqual([
      ['"sad"', '["ok"]'],
      ['"ok"', 'null'],
      ['"ok"', 'null'],
      ['"glad"', '["glad","sad"]'],
      ['null', '["merry"]'],
    ]);
    const allowed = events.map(
      ({valueSchema}) =>
        valueSchema?.fields?.find(({field}) => field === 'after')?.fields?.[1]?.parameters?.[
          'allowed'
        ],
    );
    expect(allowed.slice(0, 3)).toEqual(['sad,ok', 'sad,ok', 'sad,ok']);
    expect(allowed.slice(3)).not.toContain('sad,ok');
  });

  test('check 49: leaves out generated columns, and with a warning what has no form', async () => {
    const {rows, events, warnings} = await captureTable({
      snapshot: `CREATE TYPE a.pair AS (x int, y int); CREATE TYPE public.geometry AS (wkb bytea);
        CREATE DOMAIN a.cents AS numeric(9, 2); CREATE TYPE a.mood AS ENUM ('sad'); CREATE DOMAIN a.feeling AS a.mood;
        CREATE TABLE a.t (id int PRIMARY KEY, doubled int GENERATED ALWAYS AS (id * 2) STORED, price a.cents, feeling a.feeling,
          pair a.pair, spans int4multirange, shape public.geometry, point a.pair, last_ text);
        INSERT INTO a.t (id, price, feeling, pair, spans, last_) VALUES (1, 1.5, 'sad', '(1,2)', '{[1,2)}', 'x')`,
      stream: `INSERT INTO a.t (id, price, feeling, pair, spans, last_) VALUES (2, 1.5, 'sad', '(1,2)', '{[1,2)}', 'x')`,
    });

    const row = {price: '"AJY="', feeling: '"sad"', last_: '"x"'};
    expect(rows).toEqual([
      {id: '1', ...row},
      {id: '2', ...row},
    ]);
    expect(JSON.stringify(events[1]?.valueSchema)).toBe(JSON.stringify(events[0]?.valueSchema));
    expect(warnings.filter((warning) => warning.includes('left out'))).toEqual([
      'a.t.pair: the type a.pair is not supported; the column is left out',
      'a.t.spans: the type int4multirange is not supported; the column is left out',
      'a.t.shape: the type public.geometry is not supported; the column is left out',
      'a.t.point: the type a.pair is not supported; the column is left out',
    ]);
  });

  test('tells of an array of arrays, and does not show what is in it', async () => {
    const insert = `VALUES (1, '{{hush,a},{b,c}}')`;

    const {rows, warnings} = await captureTable({
      snapshot: `CREATE TABLE a.t (id int PRIMARY KEY, notes text[]); INSERT INTO a.t ${insert}`,
      stream: '',
    });

    expect(rows).toEqual([{id: '1', notes: 'null'}]);
    expect(warnings).toEqual([
      'a.t.notes: _text value has no form in a change event; it is written as null, and further ones without a warning',
    ]);
  });

  test('shows what has no form as bytes where unknown types are included', async () => {
    const types = {...typeHandlingDefaults, includeUnknown: true};

    const row = await captureValues('lsn pg_lsn, lsns pg_lsn[]', `'0/1', '{0/2,NULL}'`, {
      connector: {types},
    });

    expect(row).toEqual({
      lsn: `"${Buffer.from('0/1').toString('base64')}"`,
      lsns: `["${Buffer.from('0/2').toString('base64')}",null]`,
    });
  });
});
