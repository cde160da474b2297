import {mkdtempSync, readFileSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {NdjsonFile} from '../../../src/sinks/duckdb/ndjson-file.ts';
import type {LineShape} from '../../../src/sinks/duckdb/ndjson-file.ts';
import {RejectedRowError} from '../../../src/sinks/warehouse-sink.ts';
import type {SinkRow} from '../../../src/sinks/warehouse-sink.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-ndjson-'));
});
afterAll(() => rmSync(directory, {recursive: true}));

const bare: LineShape = {identity: false, copiedKey: 'none'};

function file(shape: LineShape = bare): NdjsonFile {
  return new NdjsonFile(join(directory, 'rows.ndjson'), shape);
}

const row = (offset: number, key: string | null = null): SinkRow => ({
  offset,
  key,
  value: null,
  timestamp: 0,
});

/** The lines of a file with one row of this value. */
function lineOf(value: string, shape: LineShape = bare, key: string | null = null): string {
  const lines = file(shape);
  lines.add(row(7, key), Buffer.from(value), 42);
  lines.save();
  return readFileSync(lines.path, 'utf8');
}

describe('NdjsonFile', () => {
  test.each([
    ['{"a":1}', '{"_offset":7,"a":1}\n'],
    ['{}', '{"_offset":7}\n'],
    ['{ }', '{"_offset":7 }\n'],
    [' \t\r\n{"a":1}', '{"_offset":7,"a":1}\n'],
    ['{\n  "a": 1,\r\n  "b": "x\\ny"\n}', '{"_offset":7,   "a": 1,    "b": "x\\ny" }\n'],
    ['{"a":"ö🦆"}', '{"_offset":7,"a":"ö🦆"}\n'],
  ])('puts the offset in front of the members of %j, in one line', (value, line) => {
    expect(lineOf(value)).toBe(line);
  });

  test.each(['[1]', '"{}"', 'null', '', '   '])('refuses %j, by its offset', (value) => {
    expect(() => lineOf(value)).toThrow(RejectedRowError);
    expect(() => lineOf(value)).toThrow(expect.objectContaining({offset: 7}));
  });

  test.each<[LineShape, string | null, string]>([
    [{identity: true, copiedKey: 'none'}, 'o"1', '"_key_hash":42,"_key_text":"o\\"1",'],
    [{identity: false, copiedKey: 'text'}, 'o"1', '"_k":"o\\"1",'],
    [{identity: false, copiedKey: 'json'}, '{"id":1}', '"_k":{"id":1},'],
    [{identity: false, copiedKey: 'json'}, null, '"_k":null,'],
    [{identity: false, copiedKey: 'text'}, null, '"_k":null,'],
  ])('carries the key as %o', (shape, key, members) => {
    expect(lineOf('{"a":1}', shape, key)).toBe(`{"_offset":7,${members}"a":1}\n`);
  });

  test('keeps rows of any size, and knows the longest line', () => {
    const lines = file();
    const long = 'x'.repeat(100_000);
    lines.add(row(0), Buffer.from('{"a":1}'), 0);
    lines.add(row(1), Buffer.from(`{"a":"${long}"}`), 0);
    lines.add(row(2), Buffer.from('{"a":3}'), 0);
    lines.save();

    const written = readFileSync(lines.path, 'utf8').trimEnd().split('\n');
    expect(written.map((line) => JSON.parse(line) as unknown)).toEqual([
      {_offset: 0, a: 1},
      {_offset: 1, a: long},
      {_offset: 2, a: 3},
    ]);
    expect(lines.longest).toBe((written[1]?.length ?? 0) + 1);
  });

  test('writes what is larger than its memory in pieces, each line whole', () => {
    const lines = file({identity: true, copiedKey: 'none'});
    // The white space ends with a line break wherever the pieces end.
    const values = Array.from({length: 5000}, (_, i) => `{"a":"${'x'.repeat(i % 300)}"\n}`);
    values.forEach((value, i) => lines.add(row(i, `k${i}`), Buffer.from(value), i * 2 ** 40));
    lines.save();

    const written = readFileSync(lines.path, 'utf8').trimEnd().split('\n');
    expect(written.map((line) => JSON.parse(line) as unknown)).toEqual(
      values.map((_, i) => ({
        _offset: i,
        _key_hash: i * 2 ** 40,
        _key_text: `k${i}`,
        a: 'x'.repeat(i % 300),
      })),
    );
  });

  test.each([
    0,
    9,
    10,
    999_999_999,
    1_000_000_000,
    1_000_000_007,
    2 ** 40,
    Number.MAX_SAFE_INTEGER,
  ])('writes the number %d as JSON does', (number) => {
    const lines = file({identity: true, copiedKey: 'none'});
    lines.add(row(number, ''), Buffer.from('{}'), number);
    lines.save();

    expect(readFileSync(lines.path, 'utf8')).toBe(
      `{"_offset":${number},"_key_hash":${number},"_key_text":""}\n`,
    );
  });

  test.each(['', 'o1', ' ~', '"', '\\', '\u0000\u001f', '\u007f', 'é', '🦆', '\ud800', '\r\n'])(
    'writes the key %j as JSON does',
    (key) => {
      const expected = JSON.stringify(key);

      const line = lineOf('{}', {identity: true, copiedKey: 'text'}, key);

      expect(line).toBe(`{"_offset":7,"_key_hash":42,"_key_text":${expected},"_k":${expected}}\n`);
    },
  );

  test('takes a long key all of whose characters are escaped', () => {
    const key = '\u0001'.repeat(100_000);

    const line = lineOf('{"a":1}', {identity: true, copiedKey: 'text'}, key);

    expect(JSON.parse(line)).toEqual({_offset: 7, _key_hash: 42, _key_text: key, _k: key, a: 1});
  });

  test('takes the memory of one piece, however large the batch', () => {
    const lines = file();
    const value = Buffer.from(`{"a":"${'x'.repeat(10_000)}"}`);
    const before = process.memoryUsage().arrayBuffers;

    for (let i = 0; i < 5000; i++) lines.add(row(i), value, 0);
    const grown = process.memoryUsage().arrayBuffers - before;
    lines.save();

    expect(statSync(lines.path).size).toBeGreaterThan(50_000_000);
    expect(grown).toBeLessThan(1_000_000);
  });

  test('begins anew when it is cleared', () => {
    const lines = file();
    lines.add(row(0), Buffer.from('{"a":"a longer one"}'), 0);
    lines.save();
    lines.clear();

    lines.add(row(1), Buffer.from('{}'), 0);
    lines.save();

    expect(readFileSync(lines.path, 'utf8')).toBe('{"_offset":1}\n');
    expect(lines.longest).toBe(14);
  });
});
