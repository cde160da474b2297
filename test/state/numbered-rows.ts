import {json, kafka} from '../../src/serde/format.ts';
import type {Format} from '../../src/serde/format.ts';
import {localSerdes} from '../../src/serde/local-serdes.ts';
import {bytes, integer, notNull, struct, varchar} from '../../src/serde/schema.ts';
import type {Serde} from '../../src/state/typed-store.ts';

export interface Row {
  readonly n: number;
  readonly note: string | null;
}

export function row(n: number): Row {
  return {n, note: null};
}

const serdes = localSerdes();

function serde<T>(format: Format<T>): Serde<T> {
  const to = serdes.serializer(format);
  const from = serdes.deserializer(format);
  return {
    serialize: (value) => to.serialize(value),
    deserialize: (text) => from.deserialize(text),
  };
}

const id = notNull(varchar());
const tuple = notNull(bytes());
const value = serde<Row>(json(struct({n: notNull(integer()), note: varchar()})));

/** Rows by text, and by tuples as the waiting stores have them. */
export const textKeys = {keySchema: id, key: serde(kafka(id)), value};
export const tupleKeys = {keySchema: tuple, key: serde(kafka(tuple)), value};
