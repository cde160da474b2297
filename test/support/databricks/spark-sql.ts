/** One word, name, string, number, sign or run of white space of a statement. */
export interface Token {
  readonly kind: 'name' | 'string' | 'word' | 'other' | 'space';
  /** As it stands; of names and strings what they mean. */
  readonly text: string;
}

/** Databricks' SQL in pieces: names in backticks, strings with backslashes. */
export function tokens(sql: string): readonly Token[] {
  const found: Token[] = [];
  const pattern =
    /`((?:[^`]|``)*)`|'((?:[^'\\]|\\[^])*)'|([A-Za-z_][A-Za-z0-9_$]*)|(\s+)|(->|<>|<=|>=|\d+|[^])/gy;
  for (const [, name, string, word, space, other] of sql.matchAll(pattern)) {
    if (name !== undefined) found.push({kind: 'name', text: name.replaceAll('``', '`')});
    else if (string !== undefined) {
      found.push({kind: 'string', text: string.replaceAll(/\\([^])/g, '$1')});
    } else if (word !== undefined) found.push({kind: 'word', text: word});
    else if (space !== undefined) found.push({kind: 'space', text: ' '});
    else found.push({kind: 'other', text: other ?? ''});
  }
  return found;
}

/** Tokens as Databricks' SQL again. */
export function sparkText(some: readonly Token[]): string {
  return some
    .map(({kind, text}) => {
      if (kind === 'name') return `\`${text.replaceAll('`', '``')}\``;
      if (kind === 'string') return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
      return text;
    })
    .join('');
}

const words: Readonly<Record<string, string>> = {
  STRING: 'VARCHAR',
  BINARY: 'BLOB',
  TIMESTAMP: 'TIMESTAMPTZ',
  DIV: '//',
  transform: 'list_transform',
  array: 'list_value',
  element_at: 'list_extract',
};

/** The same in DuckDB's SQL. In expressions DECIMAL(38,0) is what DuckDB multiplies, HUGEINT; elsewhere it is a type. */
export function duckText(some: readonly Token[], inTypes = false): string {
  let sql = '';
  for (let at = 0; at < some.length; at++) {
    const {kind, text} = some[at] as Token;
    if (kind === 'name') sql += quoted(text);
    else if (kind === 'string') sql += `'${text.replaceAll("'", "''")}'`;
    else if (kind !== 'word') sql += text;
    else if (some[at + 1]?.kind === 'space' && some[at + 2]?.text === '->') {
      sql += `lambda ${text}:`;
      at += 2;
    } else if (!inTypes && sparkText(some.slice(at, at + 6)).startsWith('DECIMAL(38,0)')) {
      sql += 'HUGEINT';
      at += 5;
    } else sql += words[text] ?? text;
  }
  return sql;
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The part of `sql` in the parentheses that open at `open`, and where they close. */
export function parenthesized(
  some: readonly Token[],
  open: number,
): {readonly inner: readonly Token[]; readonly close: number} {
  let depth = 0;
  for (let at = open; at < some.length; at++) {
    if (some[at]?.kind === 'other' && some[at]?.text === '(') depth++;
    if (some[at]?.kind === 'other' && some[at]?.text === ')' && --depth === 0) {
      return {inner: some.slice(open + 1, at), close: at};
    }
  }
  throw new Error('a parenthesis is not closed');
}

/** `a, b(c, d)` → `a` and `b(c, d)`; angle brackets enclose, too, in types. */
export function separated(some: readonly Token[], brackets = '()'): readonly Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of some) {
    const sign = token.kind === 'other' ? token.text : '';
    if (sign === '(' || sign === brackets[0]) depth++;
    if (sign === ')' || sign === brackets[1]) depth--;
    if (sign === ',' && depth === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts.map(trimmed);
}

function trimmed(some: readonly Token[]): Token[] {
  const from = some.findIndex(({kind}) => kind !== 'space');
  const to = some.findLastIndex(({kind}) => kind !== 'space');
  return from < 0 ? [] : some.slice(from, to + 1);
}

/** Columns of a schema as `from_json` takes it: `_offset BIGINT, v STRUCT<`a`: STRING>` → DuckDB's types by name. */
export function jsonColumns(schema: string): ReadonlyMap<string, string> {
  return new Map(
    separated(tokens(schema), '<>').map((field) => {
      const [name, ...type] = field.filter(({kind}) => kind !== 'space');
      return [name?.text ?? '', jsonType(type)];
    }),
  );
}

function jsonType(type: readonly Token[]): string {
  if (type[0]?.text !== 'STRUCT') return duckText(type, true);
  const fields = separated(type.slice(2, -1), '<>').map((field) => {
    const [name, , ...rest] = field.filter(({kind}) => kind !== 'space');
    return `${quoted(name?.text ?? '')} ${jsonType(rest)}`;
  });
  return `STRUCT(${fields.join(', ')})`;
}
