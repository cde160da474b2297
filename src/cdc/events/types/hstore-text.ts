import {malformed} from './postgres-text.ts';

/**
 * The pairs in Postgres' output of an hstore: `"k"=>"v", "n"=>NULL`.
 *
 * @throws ServiceError CDC_PROTOCOL for anything else.
 */
export function parseHstore(text: string): [key: string, value: string | null][] {
  const pairs: [string, string | null][] = [];
  for (let at = 0; at < text.length;) {
    if (pairs.length > 0) at = pass(text, at, ', ');
    const keyEnd = quotedEnd(text, at);
    const key = unquoted(text, at, keyEnd);
    at = pass(text, keyEnd, '=>');
    if (text.startsWith('NULL', at)) {
      pairs.push([key, null]);
      at += 4;
    } else {
      const end = quotedEnd(text, at);
      pairs.push([key, unquoted(text, at, end)]);
      at = end;
    }
  }
  return pairs;
}

function pass(text: string, at: number, expected: string): number {
  if (!text.startsWith(expected, at)) throw malformed('hstore');
  return at + expected.length;
}

/** Behind the quotation mark that ends what begins with one at `start`. By hand: a regular expression runs out of stack over millions of escapes. */
function quotedEnd(text: string, start: number): number {
  let at = pass(text, start, '"');
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    at += code === BACKSLASH ? 2 : 1;
  }
  throw malformed('hstore');
}

function unquoted(text: string, start: number, end: number): string {
  const inner = text.slice(start + 1, end - 1);
  return inner.includes('\\') ? inner.replace(/\\(.)/gs, '$1') : inner;
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];

/**
 * The pairs as a JSON object, in the order of Debezium's: an hstore has none, and Debezium's is that of a Java `HashMap` (where no more
 * than eight keys share a bucket).
 */
export function hstoreJson(text: string): string {
  const pairs = parseHstore(text);
  let buckets = 16;
  while (pairs.length > buckets * 0.75) buckets *= 2;
  const items = pairs
    .map(([key, value]) => {
      const hash = hashCode(key);
      const json = `${JSON.stringify(key)}:${JSON.stringify(value)}`;
      return {bucket: (hash ^ (hash >>> 16)) & (buckets - 1), json};
    })
    .toSorted((a, b) => a.bucket - b.bucket);
  return `{${items.map(({json}) => json).join(',')}}`;
}

/** Java's `String.hashCode`. */
function hashCode(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(31, hash) + text.charCodeAt(at)) | 0;
  return hash;
}
