import {describe, expect, test} from 'vitest';

import {json, jsonSr, kafka} from '../../src/serde/format.ts';
import {localSerdes} from '../../src/serde/local-serdes.ts';
import {notNull, struct, varchar} from '../../src/serde/schema.ts';

const row = struct({id: notNull(varchar())});

describe('localSerdes', () => {
  test('reads what it writes, in every format', () => {
    const serdes = localSerdes();

    const written = {
      sr: serdes.serializer(jsonSr(row)).serialize({id: '1'}),
      json: serdes.serializer(json(row)).serialize({id: '1'}),
      kafka: serdes.serializer(kafka(notNull(varchar()))).serialize('1'),
    };

    expect(written.sr.toString('latin1')).toBe('\0\0\0\0\x01{"id":"1"}');
    expect(written.json.toString()).toBe('{"id":"1"}');
    expect(written.kafka.toString()).toBe('1');
    expect(serdes.deserializer(jsonSr(row)).deserialize(written.sr)).toEqual({id: '1'});
    expect(serdes.deserializer(json(row)).deserialize(written.json)).toEqual({id: '1'});
    expect(serdes.deserializer(kafka(varchar())).deserialize(written.kafka)).toBe('1');
  });

  test('gives each schema an id of its own, and equal schemas the same', () => {
    const serdes = localSerdes();
    const idOf = (schema: typeof row): number =>
      serdes.serializer(jsonSr(schema)).serialize({id: '1'}).readInt32BE(1);

    const ids = [idOf(row), idOf(struct({id: notNull(varchar()), b: varchar()})), idOf({...row})];

    expect(ids).toEqual([1, 2, 1]);
  });

  test('does not read what carries an id of someone else', () => {
    const deserializer = localSerdes().deserializer(jsonSr(row));

    expect(() => deserializer.deserialize(Buffer.from('\0\0\0\0\x01{}'))).toThrow(/schema id 1/);
  });
});
