import {malformed} from './postgres-text.ts';

/**
 * The elements of a one-dimensional array in Postgres' output: `{1,NULL,"a b"}`, also with bounds, `[0:1]={1,2}`.
 * Undefined when there are more dimensions.
 *
 * @throws ServiceError `CDC_PROTOCOL` for what is no array.
 */
export function parseArray(text: string): (string | null)[] | undefined {
  const elements: (string | null)[] = [];
  // Bounds stand before the first brace; `{}` has no element.
  let at = text.indexOf('{') + 1;
  if (at === 0 || !text.endsWith('}')) throw malformed('array');
  if (at === text.length - 1) return elements;
  for (;;) {
    if (text[at] === '{') return undefined;
    if (text[at] === '"') {
      const end = closingQuote(text, at);
      elements.push(text.slice(at + 1, end).replace(/\\(.)/gs, '$1'));
      at = end + 1;
    } else {
      const comma = text.indexOf(',', at);
      const end = comma < 0 ? text.length - 1 : comma;
      const item = text.slice(at, end);
      // Only unquoted: the string is written "NULL".
      elements.push(item === 'NULL' ? null : item);
      at = end;
    }
    if (at === text.length - 1) return elements;
    if (text[at] !== ',') throw malformed('array');
    at++;
  }
}

function closingQuote(text: string, open: number): number {
  let at = open + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
