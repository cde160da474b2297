import {readFileSync} from 'node:fs';
import {changeHeaders, withoutRun} from './change-event.ts';
import type {ChangeEvent, EventsByTopic} from './change-event.ts';
import type {ConnectSchema} from './connect-schema.ts';
import {parseExactly} from './exact-json.ts';

interface Line {
  readonly topic: string;
  readonly schema?: {readonly key?: ConnectSchema; readonly value?: ConnectSchema};
  readonly key?: unknown;
  readonly value?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * What Debezium wrote, from lines of two forms: `{topic, schema: {key | value}}` where a topic's schema is new or has
 * changed, and `{topic, key, value, headers}` for each record, in offset order per topic.
 */
export function readRecording(path: string | URL): EventsByTopic {
  const events = new Map<string, ChangeEvent[]>();
  const schemas = new Map<string, {key?: ConnectSchema; value?: ConnectSchema}>();
  for (const text of readFileSync(path, 'utf8').trimEnd().split('\n')) {
    const {topic, schema} = JSON.parse(text) as Line;
    if (schema !== undefined) {
      schemas.set(topic, {...schemas.get(topic), ...schema});
      continue;
    }
    const {key, value, headers = {}} = parseExactly(text) as Line;
    const list = events.get(topic) ?? [];
    events.set(topic, list);
    const current = schemas.get(topic);
    list.push({
      keySchema: key === null ? undefined : current?.key,
      valueSchema: value === null ? undefined : current?.value,
      key: withoutRun(topic, key),
      value: withoutRun(topic, value),
      headers: changeHeaders(headers),
    });
  }
  return events;
}
