import {afterAll, describe, expect, test} from 'vitest';
import {ConfigFolder, yamlWith} from './config-folder.ts';

const folder = new ConfigFolder();
afterAll(() => folder.remove());

/** What the password of a source is when the file has this text for it. */
function password(written: string): string | undefined {
  const yaml = yamlWith({source: [`database.password: ${written}`]});
  return folder.load(yaml).sources?.[0]?.database.password;
}

describe('readYaml', () => {
  test.each([
    ['0123', '0123'],
    ['1e3', '1e3'],
    ['yes', 'yes'],
    ['2024-01-01', '2024-01-01'],
    ['"null"', 'null'],
    ["'~'", '~'],
    ['a:b#c', 'a:b#c'],
    ['a # a comment', 'a'],
    ['"a # b"', 'a # b'],
    ["'it''s'", "it's"],
    ['"\\u00e4\\\\"', 'ä\\'],
    ['!!str 5', '5'],
    ['|-\n      two\n      lines', 'two\nlines'],
  ])('keeps the text that is written: %s', (written, value) => {
    expect(password(written)).toBe(value);
  });

  test.each(['', '# nothing but a comment\n', '---\n', '\uFEFF', '{}'])(
    'takes %j for a file without keys',
    (yaml) => {
      expect(folder.mistakes(yaml)).toEqual([]);
    },
  );

  test('counts lines and columns of a file with carriage returns', () => {
    expect(folder.mistakes('semantics: cdc\r\nnum.partitions: x\r\n')).toEqual([
      '2:17: num.partitions: expected an integer from 1 to 1024',
    ]);
  });

  test.each([
    ['\tsemantics: cdc', '1:1: tabs do not indent YAML; use spaces'],
    ['sinks:\n\tb: c', '2:1: tabs do not indent YAML; use spaces'],
    ['sinks:\n    b:\n  c:', '3:3: the indentation does not fit the lines around it'],
    ['data.dir: a: b', '1:11: text with `: ` in it needs quotes; a key needs a line of its own'],
    [
      'semantics cdc\nlog.level: info',
      '1:1: a colon and a space are missing, or quotes around text of several lines',
    ],
    [
      'log.level: info\nsemantics: "cdc\n\n',
      '2:12: a colon, a comma, a closing quote or a closing bracket is missing; `${NAME}` between brackets needs quotes',
    ],
    [
      'sinks: {b: {topics: [a, b}\n',
      '1:21: a colon, a comma, a closing quote or a closing bracket is missing; `${NAME}` between brackets needs quotes',
    ],
    [
      'sinks: {b: {topics: [${TOPIC}]}}',
      '1:23: a colon, a comma, a closing quote or a closing bracket is missing; `${NAME}` between brackets needs quotes',
    ],
    [
      "data.dir: 'it's'",
      '1:15: this does not belong here; text with special characters needs quotes',
    ],
    ['semantics: cdc\n---\nsemantics: cdc', '2:1: the file holds more than one YAML document'],
    ['- semantics: cdc', '1:1: expected keys and values, as `semantics: cdc`'],
    ['semantics', '1:1: expected keys and values, as `semantics: cdc`'],
    ['? [semantics]\n: cdc', '1:3: this key is not plain text'],
    ['log.level: info\n: cdc', '2:1: this key is not plain text'],
  ])('explains %j', (yaml, mistake) => {
    expect(folder.mistakes(yaml)).toEqual([mistake]);
  });

  test.each([
    [
      'data.dir: @home',
      '1:11: data.dir: text that starts with `@`, `%` or a backtick needs quotes',
    ],
    [
      'data.dir: %home',
      '1:11: data.dir: text that starts with `@`, `%` or a backtick needs quotes',
    ],
    [
      'data.dir: "C:\\millrace"',
      '1:11: data.dir: a backslash between double quotes starts an escape; use single quotes, or write `\\\\`',
    ],
    [
      'data.dir: *home',
      '1:11: data.dir: YAML reads this as an alias; quote text that starts with `*`',
    ],
    [
      'data.dir: &home a',
      '1:17: data.dir: YAML reads this as an anchor; quote text that starts with `&`',
    ],
    [
      'data.dir: !home a',
      '1:17: data.dir: YAML reads this as a tag; quote text that starts with `!`',
    ],
    ['semantics: cdc\nsemantics: cdc', '2:1: semantics stands here twice'],
  ])('goes on reading after %j', (yaml, mistake) => {
    expect(folder.mistakes(`${yaml}\nnum.partitions: x`)).toEqual([
      mistake,
      `${yaml.split('\n').length + 1}:17: num.partitions: expected an integer from 1 to 1024`,
    ]);
  });

  test('reports all lines that cannot be read when none follows from another', () => {
    expect(folder.mistakes('data.dir: a: b\nlog.level: info\nsemantics: c: d')).toEqual([
      '1:11: text with `: ` in it needs quotes; a key needs a line of its own',
      '3:12: text with `: ` in it needs quotes; a key needs a line of its own',
    ]);
  });

  test.each(['sinks: {b: {topics: a\n', 'sinks: {b: {topics: ${TOPIC}, connector: duckdb}}\n'])(
    'reports %j as one mistake, whatever comes after it',
    (line) => {
      expect(folder.mistakes(`${line}${yamlWith({})}`)).toHaveLength(1);
    },
  );

  test('explains a key that needs quotes', () => {
    expect(folder.mistakes('@semantics: cdc')).toEqual([
      '1:1: text that starts with `@`, `%` or a backtick needs quotes',
      '1:1: … is not a key; did you mean `semantics`?',
    ]);
  });
});
