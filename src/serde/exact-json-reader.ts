import {jsonScalar, mismatch} from './json-scalar.ts';
import type {JsonScalar} from './json-scalar.ts';
import {JsonScanner, JsonSyntaxError} from './json-scanner.ts';
import type {JsonKind} from './json-scanner.ts';
import {columnsOf, elementOf} from './schema-columns.ts';
import type {Schema} from './schema.ts';
import {UnreadableRecordError} from './serde.ts';

/**
 * Compiles a reader that goes through the text once, directed by the schema, and takes numbers from their digits.
 *
 * Members that the schema does not declare are passed over, absent ones become null; of a name that comes twice the
 * last one counts, as with `JSON.parse`. It throws UnreadableRecordError.
 */
export function exactJsonReader(schema: Schema): (text: string) => unknown {
  const read = valueReader(schema, '');
  return (text) => {
    const scanner = new JsonScanner(text);
    try {
      const value = read(scanner);
      scanner.end();
      return value;
    } catch (error) {
      if (error instanceof JsonSyntaxError) throw new UnreadableRecordError(error.message);
      throw error;
    }
  };
}

type ValueReader = (scanner: JsonScanner) => unknown;

/** Reads a value that is not null and begins as `kind`. */
type PresentReader = (scanner: JsonScanner, kind: JsonKind) => unknown;

function valueReader(schema: Schema, path: string): ValueReader {
  const scalar = jsonScalar(schema);
  const read = scalar === undefined ? container(schema, path) : scalarReader(schema, scalar, path);
  return (scanner) => {
    const kind = scanner.kind();
    if (kind !== 'null') return read(scanner, kind);
    scanner.literal('null');
    return null;
  };
}

function scalarReader(schema: Schema, scalar: JsonScalar, path: string): PresentReader {
  return (scanner, kind) => {
    let value: unknown = mismatch;
    let found: string = kind;
    if (kind === 'string') {
      found = scanner.string();
      value = scalar.string(found);
      found = JSON.stringify(found);
    } else if (kind === 'number') {
      found = scanner.number();
      value = scalar.number(found);
    } else if (kind === 'true' || kind === 'false') {
      scanner.literal(kind);
      value = scalar.boolean(kind === 'true');
    }
    if (value === mismatch) refuse(schema, found, path);
    return value;
  };
}

function container(schema: Schema, path: string): PresentReader {
  if (schema.type === 'ARRAY') return arrayReader(schema, path);
  return schema.type === 'MAP' ? mapReader(schema, path) : structReader(schema, path);
}

function arrayReader(schema: Schema, path: string): PresentReader {
  const element = valueReader(elementOf(schema), `${path}[]`);
  return (scanner, kind) => {
    if (kind !== 'array') refuse(schema, kind, path);
    const values: unknown[] = [];
    for (let more = scanner.open('array'); more; more = scanner.next('array')) {
      values.push(element(scanner));
    }
    return values;
  };
}

function mapReader(schema: Schema, path: string): PresentReader {
  const element = valueReader(elementOf(schema), `${path}{}`);
  return (scanner, kind) => {
    if (kind !== 'object') refuse(schema, kind, path);
    const entries: [string, unknown][] = [];
    for (let more = scanner.open('object'); more; more = scanner.next('object')) {
      entries.push([scanner.label(), element(scanner)]);
    }
    return Object.fromEntries(entries);
  };
}

function structReader(schema: Schema, path: string): PresentReader {
  const {names, schemas, blank} = columnsOf(schema);
  const labels = names.map((name) => `${JSON.stringify(name)}:`);
  const positions = new Map(names.map((name, i) => [name, i]));
  const readers = schemas.map((column, i) =>
    valueReader(column, path === '' ? (names[i] as string) : `${path}.${names[i]}`),
  );
  return (scanner, kind) => {
    if (kind !== 'object') refuse(schema, kind, path);
    const row = blank();
    let i = 0;
    for (let more = scanner.open('object'); more; more = scanner.next('object')) {
      // Writers keep the order of the columns, so the next one is nearly always the one that comes.
      const label = labels[i];
      const at =
        label !== undefined && scanner.tryLabel(label) ? i : positions.get(scanner.label());
      if (at === undefined) {
        scanner.skip();
      } else {
        row[names[at] as string] = (readers[at] as ValueReader)(scanner);
        i = at + 1;
      }
    }
    return row;
  };
}

function refuse(schema: Schema, found: string, path: string): never {
  const where = path === '' ? 'the value' : `column ${path}`;
  const shown = found.length > 60 ? `${found.slice(0, 60)}…` : found;
  throw new UnreadableRecordError(`${where} is declared ${schema.type}, but holds ${shown}`);
}
