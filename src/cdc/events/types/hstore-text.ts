/** The pairs in Postgres' output of an hstore: `"k"=>"v", "n"=>NULL`. */
export function parseHstore(text: string): [key: string, value: string | null][] {
  const pairs: [string, string | null][] = [];
  // Unrolled, so that a long text takes no stack.
  const pattern = /"([^"\\]*(?:\\.[^"\\]*)*)"=>(?:NULL|"([^"\\]*(?:\\.[^"\\]*)*)")/gs;
  for (const [, key = '', value] of text.matchAll(pattern)) {
    pairs.push([unescape(key), value === undefined ? null : unescape(value)]);
  }
  return pairs;
}

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

function unescape(text: string): string {
  return text.replace(/\\(.)/gs, '$1');
}
