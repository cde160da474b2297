import {
  array,
  assert,
  constantFrom,
  integer,
  oneof,
  pre,
  property,
  record,
  string,
} from 'fast-check';
import type {Arbitrary} from 'fast-check';
import {afterAll, describe, expect, test} from 'vitest';
import {isScalar, parseDocument, visit} from 'yaml';
import {ConfigFolder} from './config-folder.ts';

const folder = new ConfigFolder();
afterAll(() => folder.remove());

/** A file with a password in plain text and one from the environment. */
function yamlWithSecrets(password: string): string {
  return `semantics: cdc
num.partitions: 1
sources:
  customers:
    database.hostname: customers-db
    database.port: 5432
    database.dbname: postgres
    database.user: postgres
    database.password: ${password}
    database.sslmode: require
    topic.prefix: postgres
    slot.name: camel
    table.include.list: customers.customers, customers.demographics
    after.state.only: false
    output.key.format: JSON_SR
  products:
    database.hostname: products-db
    database.dbname: postgres
    database.user: postgres
    database.password: \${PASSWORD}
    topic.prefix: postgres
    slot.name: turtle
    table.include.list: [products.products, products.orders]
schema.registry:
  url: http://registry
  basic.auth.user.info: user:\${PASSWORD}
  bearer.auth.credentials.source: STATIC_TOKEN
sinks:
  local: {connector: duckdb, topics: orders_enriched, linger.ms: 0}
log.level: info
`;
}

/** A change to a text: of one of its lines, or of some of its letters. */
type Mutation = (yaml: string) => string;

function onLines(change: (lines: string[], at: number) => unknown): (at: number) => Mutation {
  return (at) => (yaml) => {
    const lines = yaml.split('\n');
    change(lines, at % lines.length);
    return lines.join('\n');
  };
}

const lineMutations = [
  onLines((lines, at) => lines.splice(at, 1)),
  onLines((lines, at) => lines.splice(at, 0, lines[at] ?? '')),
  onLines((lines, at) => lines.splice(at, 2, lines[at + 1] ?? '', lines[at] ?? '')),
  onLines((lines, at) => (lines[at] = `  ${lines[at]}`)),
  onLines((lines, at) => (lines[at] = (lines[at] ?? '').replace(/^ {2}/, ''))),
  onLines((lines, at) => (lines[at] = (lines[at] ?? '').replace(': ', ':'))),
  onLines((lines, at) => (lines[at] = (lines[at] ?? '').replace(': ', ' '))),
  onLines((lines, at) => (lines[at] = (lines[at] ?? '').replace(': ', ':\n      '))),
  onLines((lines, at) => (lines[at] = (lines[at] ?? '').replace(/: (.*)/, ': [$1, x]'))),
  onLines((lines, at) => (lines[at] = (lines[at] ?? '').replace(/: (.*)/, ': {$1: x}'))),
  onLines((lines, at) => (lines[at] = (lines[at] ?? '').replace(/: (.*)/, ': {$1: "${NOT_SET}"}'))),
  onLines((lines, at) => (lines[at] = (lines[at] ?? '').replace(/: (.*)/, ': $1 ${NOT_SET}'))),
] as const;

/** A value moves to the key of another line, and that one's to its. */
const swapValues = (a: number, b: number): Mutation =>
  onLines((lines, at) => {
    const other = b % lines.length;
    const [keyA, valueA] = (lines[at] ?? '').split(/(?<=: )/, 2);
    const [keyB, valueB] = (lines[other] ?? '').split(/(?<=: )/, 2);
    if (valueA === undefined || valueB === undefined) return;
    lines[at] = `${keyA}${valueB}`;
    lines[other] = `${keyB}${valueA}`;
  })(a);

const template = yamlWithSecrets('QZXJKV');
const passwordAt = template.indexOf('QZXJKV');
const passwordLine = template.slice(0, passwordAt).split('\n').length - 1;

/** Half of all changes are made around the password. */
const someLine = oneof(
  integer({min: 0, max: template.split('\n').length - 1}),
  integer({min: passwordLine - 1, max: passwordLine + 1}),
);
const somePlace = oneof(
  integer({min: 0, max: template.length}),
  integer({min: passwordAt - 25, max: passwordAt + 25}),
);
const specialLetters = ':#{}[]&*!|>\'"%@`,-?\\\t $'.split('');

const mutations: Arbitrary<Mutation> = oneof(
  record({change: constantFrom(...lineMutations), at: someLine}).map(({change, at}) => change(at)),
  record({a: someLine, b: someLine}).map(({a, b}) => swapValues(a, b)),
  record({at: somePlace, letter: constantFrom(...specialLetters)}).map(
    ({at, letter}): Mutation =>
      (yaml) =>
        yaml.slice(0, at) + letter + yaml.slice(at),
  ),
  record({at: somePlace, length: integer({min: 1, max: 12})}).map(
    ({at, length}): Mutation =>
      (yaml) =>
        yaml.slice(0, at) + yaml.slice(at + length),
  ),
);

/** Six letters in a row, and more around them: a message with any part of it that matters has those. */
const passwords = record({
  before: string({maxLength: 4}),
  after: string({maxLength: 4}),
  quote: constantFrom('', "'", '"'),
}).map(({before, after, quote}) => `${quote}${before}QZXJKV${after}${quote}`);

/** Every key in a text. Where a change makes a key of the password, and it looks like one, it is a name. */
function namesIn(yaml: string): readonly string[] {
  const names: string[] = [];
  visit(parseDocument(yaml, {schema: 'failsafe', uniqueKeys: false}), {
    Pair: (_, {key}) => void names.push(isScalar(key) ? String(key.value) : ''),
  });
  return names;
}

describe('loadConfig', () => {
  test('never says a password, whatever else is wrong with the file', () => {
    let refused = 0;
    assert(
      property(passwords, array(mutations, {maxLength: 6}), (password, changes) => {
        const yaml = changes.reduce(
          (text, change) => change(text),
          yamlWithSecrets(password.replaceAll(/[\r\n]/g, '')),
        );

        pre(!namesIn(yaml).some((name) => name.includes('QZXJKV') && /^[\w.-]+$/.test(name)));
        const lines = folder.mistakes(yaml, {PASSWORD: 'envQZXJKVenv'});

        expect(lines.join('\n')).not.toContain('QZXJKV');
        if (lines.length > 0) refused++;
      }),
      {numRuns: 500},
    );
    expect(refused).toBeGreaterThan(250);
  }, 60_000);
});
