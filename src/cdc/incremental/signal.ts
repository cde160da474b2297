/** What an operator has asked for, in the words of Debezium's signals. */
export type Signal =
  | SignalledSnapshot
  | {readonly kind: 'stop'; readonly collections: readonly string[]}
  | {readonly kind: 'pause'}
  | {readonly kind: 'resume'}
  /** `reason`: why it cannot be followed. */
  | {readonly kind: 'unusable'; readonly reason: string};

export interface SignalledSnapshot {
  readonly kind: 'execute';
  /** Regular expressions for whole `schema.table` names. */
  readonly collections: readonly string[];
  /** The SQL condition that was given for one of `collections`. */
  readonly filterOf: (collection: string) => string | undefined;
}

/** Prefix of the logical messages that carry `{"id", "type", "data"}`: signals without a table. */
export const SIGNAL_PREFIX = 'millrace.signal';

interface SignalData {
  readonly type?: unknown;
  readonly 'data-collections'?: unknown;
  readonly 'additional-condition'?: unknown;
  readonly 'additional-conditions'?: unknown;
}

/**
 * The signal of a row of the signal table or of a message: `type` is `execute-snapshot`, `stop-snapshot`,
 * `pause-snapshot` or `resume-snapshot`, and `data` JSON with `data-collections`, as Debezium documents them.
 */
export function parseSignal(type: string, data: unknown): Signal {
  switch (type) {
    case 'execute-snapshot':
      return execute(dataOf(data));
    case 'stop-snapshot':
      return {kind: 'stop', collections: collectionsOf(dataOf(data)) ?? []};
    case 'pause-snapshot':
      return {kind: 'pause'};
    case 'resume-snapshot':
      return {kind: 'resume'};
    default:
      return unusable(`unknown type ${JSON.stringify(type)}`);
  }
}

/** The signal of a logical message. */
export function parseSignalMessage(content: string): Signal {
  const {type, data} = objectOf(content) as {readonly type?: unknown; readonly data?: unknown};
  return typeof type === 'string'
    ? parseSignal(type, data)
    : unusable('it is not JSON with a "type"');
}

function execute(data: SignalData): Signal {
  const kind = data.type ?? 'incremental';
  if (typeof kind !== 'string' || kind.toLowerCase() !== 'incremental')
    return unusable(`snapshots of type ${JSON.stringify(kind)} are not supported`);
  const collections = collectionsOf(data);
  if (collections === undefined || collections.length === 0)
    return unusable('its data has no "data-collections"');
  return {kind: 'execute', collections, filterOf: filters(data)};
}

function filters(data: SignalData): SignalledSnapshot['filterOf'] {
  const byCollection = new Map<string, string>();
  const list = data['additional-conditions'];
  for (const item of Array.isArray(list) ? (list as unknown[]) : []) {
    const {'data-collection': of, filter} = Object(item) as Record<string, unknown>;
    if (typeof of === 'string' && typeof filter === 'string') byCollection.set(of, filter);
  }
  const common = data['additional-condition'];
  const forAll = typeof common === 'string' && common.trim() !== '' ? common : undefined;
  return (collection) => byCollection.get(collection) ?? forAll;
}

function collectionsOf(data: SignalData): readonly string[] | undefined {
  const list = data['data-collections'];
  if (!Array.isArray(list)) return undefined;
  return list.filter((item): item is string => typeof item === 'string' && item !== '');
}

/** `data` of a row is JSON text, that of a message may be JSON in place. */
function dataOf(data: unknown): SignalData {
  return typeof data === 'string' ? objectOf(data) : (Object(data) as SignalData);
}

function objectOf(text: string): object {
  try {
    return Object(JSON.parse(text)) as object;
  } catch {
    return {};
  }
}

function unusable(reason: string): Signal {
  return {kind: 'unusable', reason};
}
