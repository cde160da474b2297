/** The pairs in Postgres' output of an hstore: `"k"=>"v", "n"=>NULL`. */
export function parseHstore(text: string): [key: string, value: string | null][] {
  const pairs: [string, string | null][] = [];
  const pattern = /"((?:[^"\\]|\\.)*)"=>(?:NULL|"((?:[^"\\]|\\.)*)")/gs;
  for (const [, key = '', value] of text.matchAll(pattern)) {
    pairs.push([unescape(key), value === undefined ? null : unescape(value)]);
  }
  return pairs;
}

function unescape(text: string): string {
  return text.replace(/\\(.)/gs, '$1');
}
