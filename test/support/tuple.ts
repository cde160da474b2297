import {NULL, Tuple, UNSENT} from '../../src/cdc/tuple.ts';

/** Postgres' text, null, or undefined for what was not sent. */
export type Text = string | null | undefined;

/** A row of those values. */
export function tuple(values: readonly Text[]): Tuple {
  return tuplesOfMessage([values])[0] as Tuple;
}

/** Rows in the same bytes, as those of one message are. */
export function tuplesOfMessage(rows: readonly (readonly Text[])[]): Tuple[] {
  const bytes = Buffer.from(rows.flat().join(''));
  let end = 0;
  return rows.map((values) => {
    const spans = values.flatMap((value) => {
      if (value === null) return [NULL, NULL];
      if (value === undefined) return [UNSENT, UNSENT];
      const start = end;
      end += Buffer.byteLength(value);
      return [start, end];
    });
    return new Tuple(bytes, spans);
  });
}

export function textsOf(row: Tuple): Text[] {
  return Array.from({length: row.length}, (_, index) => row.text(index));
}
