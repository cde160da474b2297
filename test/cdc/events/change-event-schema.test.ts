import {describe, expect, test} from 'vitest';
import {changeEventSchemas} from '../../../src/cdc/events/change-event-schema.ts';
import {EventContext} from '../../../src/cdc/events/event-context.ts';
import {notNull, varchar} from '../../../src/serde/schema.ts';
import type {Schema} from '../../../src/serde/schema.ts';

const columns = [
  ['id', notNull(varchar())],
  ['v', varchar()],
] as const;
const key = [['id', notNull(varchar())]] as const;

const fieldsOf = ({fields}: Schema): readonly string[] => Object.keys(fields ?? {});

/** The fields of the envelope, of its source block and of its transaction block, in the order in which they are written. */
function written(profile: '3' | '1'): (readonly string[])[] {
  const context = new EventContext('p', 'db', profile);
  context.transaction(1, 2, null);
  context.processedAt(3);
  const [head, middle] = context.source('"schema":"s","table":"t"');
  const block = '{"id":"1","total_order":1,"data_collection_order":1}';
  const json = `{"before":null,"after":null${head}5${middle}5${context.ending('c', block)}`;
  const event = JSON.parse(json) as Record<string, object>;
  return [event, event['source'], event['transaction']].map((part) => Object.keys(part ?? {}));
}

describe('changeEventSchemas', () => {
  test.each(['3', '1'] as const)('has the fields that events of profile %s have', (profile) => {
    const {value} = changeEventSchemas('p.s.t', columns, key, {profile, rows: 'envelope'});
    const {source, transaction} = value.fields ?? {};

    expect([value, source as Schema, transaction as Schema].map(fieldsOf)).toEqual(
      written(profile),
    );
  });

  test('names and numbers the schemas as Debezium 3.6', () => {
    const {key: keySchema, value} = changeEventSchemas('p.s.t', columns, key, {
      profile: '3',
      rows: 'envelope',
    });

    expect(fieldsOf(value).join()).toBe('before,after,source,transaction,op,ts_ms,ts_us,ts_ns');
    expect(fieldsOf(value.fields?.['source'] as Schema).slice(-3)).toEqual([
      'xmin',
      'origin',
      'origin_lsn',
    ]);
    expect(keySchema?.name).toBe('p.s.t.Key');
    expect(value).toMatchObject({
      name: 'p.s.t.Envelope',
      version: 2,
      fields: {
        before: {name: 'p.s.t.Value', nullable: true},
        source: {name: 'io.debezium.connector.postgresql.Source', version: 1, nullable: false},
        transaction: {name: 'event.block', version: 1, nullable: true},
      },
    });
  });

  test('names the schemas as Debezium 1.9, which numbers none', () => {
    const {value} = changeEventSchemas('p.s.t', columns, key, {profile: '1', rows: 'envelope'});
    const {source, transaction} = value.fields ?? {};

    expect(fieldsOf(value).join()).toBe('before,after,source,op,ts_ms,transaction');
    expect([value.version, source?.version, transaction?.version, transaction?.name]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(source?.fields?.['snapshot']?.parameters).toEqual({
      allowed: 'true,last,false,incremental',
    });
  });

  test('appends __deleted to rows of the form that has it', () => {
    const values = (['row', 'row-with-deleted'] as const).map(
      (rows) => changeEventSchemas('p.s.t', columns, key, {profile: '3', rows}).value,
    );

    expect(values.map(fieldsOf)).toEqual([
      ['id', 'v'],
      ['id', 'v', '__deleted'],
    ]);
  });
});

describe('EventContext', () => {
  test('marks the last row of a snapshot only in profile 1', () => {
    const markers = (['first', 'last_in_data_collection', 'last'] as const).map((marker) => {
      const context = new EventContext('p', 'db', '1');
      context.snapshot(0, 1, marker);
      return /"snapshot":"(?<marker>[^"]*)"/.exec(context.source('')[0])?.groups?.['marker'];
    });

    expect(markers).toEqual(['true', 'true', 'last']);
  });
});
