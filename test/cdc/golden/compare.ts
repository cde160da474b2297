import type {EventsByTopic} from './change-event.ts';
import {isObject} from './change-event.ts';
import type {ConnectSchema} from './connect-schema.ts';
import {exactText, JsonNumber} from './exact-json.ts';

/** One place in which an event of ours is not Debezium's. */
export interface Difference {
  readonly topic: string;
  /** Of the event, from 0. */
  readonly index: number;
  /** `valueSchema.fields.after.fields.when.name`, `value.after.when`. */
  readonly path: string;
  /** As JSON; undefined: is not there. */
  readonly debezium: string | undefined;
  readonly ours: string | undefined;
}

/** Every difference, event by event in the order of each topic. */
export function compare(debezium: EventsByTopic, ours: EventsByTopic): readonly Difference[] {
  const differences: Difference[] = [];
  for (const topic of [...new Set([...debezium.keys(), ...ours.keys()])].toSorted()) {
    const [theirs, own] = [debezium.get(topic) ?? [], ours.get(topic) ?? []];
    const count = Math.max(theirs.length, own.length);
    for (let index = 0; index < count; index++) {
      const [expected, actual] = [theirs[index], own[index]];
      if (expected === undefined || actual === undefined) {
        const [key, otherKey] = [expected?.key, actual?.key];
        differences.push({
          topic,
          index,
          path: '',
          debezium: expected && exactText(key),
          ours: actual && exactText(otherKey),
        });
        continue;
      }
      const row = rowSchema(expected.valueSchema);
      walk(comparable(expected, row), comparable(actual, row), '', (path, a, b) =>
        differences.push({topic, index, path, debezium: exactText(a), ours: exactText(b)}),
      );
    }
  }
  return differences;
}

type Report = (path: string, debezium: unknown, ours: unknown) => void;

function walk(debezium: unknown, ours: unknown, path: string, report: Report): void {
  if (isObject(debezium) && isObject(ours) && !isNumber(debezium) && !isNumber(ours)) {
    for (const name of new Set([...Object.keys(debezium), ...Object.keys(ours)]))
      walk(debezium[name], ours[name], path === '' ? name : `${path}.${name}`, report);
  } else if (exactText(debezium) !== exactText(ours)) {
    report(path, debezium, ours);
  }
}

/** Fields of structs by name, with their order; floats as floats. */
function comparable(event: object, row: ConnectSchema | undefined): object {
  const floats = new Set(
    row?.fields
      ?.filter(({type, items}) => (items?.type ?? type) === 'float')
      .map(({field}) => field ?? ''),
  );
  const plain = (value: unknown, name?: string): unknown => {
    if (isNumber(value))
      return name !== undefined && floats.has(name)
        ? new JsonNumber(String(Math.fround(Number(value.text))))
        : value;
    if (Array.isArray(value)) {
      if (value.length === 0 || !value.every(isField))
        return value.map((item: unknown) => plain(item, name));
      return {
        order: value.map(({field}) => field).join(' '),
        ...Object.fromEntries(value.map(({field, ...rest}) => [field, plain(rest)])),
      };
    }
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, key)]));
  };
  return plain(event) as object;
}

function rowSchema(value: ConnectSchema | undefined): ConnectSchema | undefined {
  return value?.fields?.find(({field}) => field === 'after') ?? value;
}

function isField(value: unknown): value is ConnectSchema & {field: string} {
  return isObject(value) && typeof value['field'] === 'string' && typeof value['type'] === 'string';
}

function isNumber(value: unknown): value is JsonNumber {
  return value instanceof JsonNumber;
}
