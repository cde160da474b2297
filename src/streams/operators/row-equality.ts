import type {Schema} from '../../serde/schema.ts';

/** Whether two values are the same in every column that the schema declares; an absent column is null. */
export function rowEquality({fields}: Schema): (a: unknown, b: unknown) => boolean {
  if (fields === undefined) return sameValue;
  const columns = Object.entries(fields).map(
    ([name, field]) => [name, rowEquality(field)] as const,
  );
  return (a, b) => {
    if (!isObject(a) || !isObject(b)) return (a ?? null) === (b ?? null);
    for (const [name, same] of columns) {
      const left = a[name] ?? null;
      const right = b[name] ?? null;
      if (left !== right && !same(left, right)) return false;
    }
    return true;
  };
}

function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Buffer.isBuffer(a)) return Buffer.isBuffer(b) && a.equals(b);
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameValue(item, b[i]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => name in b && sameValue(a[name], b[name]))
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
