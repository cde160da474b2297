import {
  array,
  constant,
  constantFrom,
  integer,
  oneof,
  record,
  string,
  uint8Array,
} from 'fast-check';
import type {Arbitrary} from 'fast-check';
import type {ProducerRecord, RecordHeader} from '../../../../src/kafka/client.ts';

/** Short ones, and some whose length takes two and three bytes. */
const bytes: Arbitrary<Buffer> = oneof(
  {weight: 4, arbitrary: uint8Array({maxLength: 20})},
  {weight: 1, arbitrary: uint8Array({minLength: 60, maxLength: 70})},
  {
    weight: 1,
    arbitrary: integer({min: 8_190, max: 8_195}).map((length) => Buffer.alloc(length, 7)),
  },
).map((each) => Buffer.from(each));

const timestamp = oneof(
  integer({min: 1_700_000_000_000, max: 1_700_000_100_000}),
  constantFrom(-1, 0, 1, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 51),
);

const header: Arbitrary<RecordHeader> = record({
  // Behind a letter: kafkajs keeps headers in an object, and loses some names of Object.prototype.
  key: oneof(
    constantFrom('source.position', 'name', 'naïve ☃', ''),
    string({unit: 'grapheme'}).map((each) => `h${each}`),
  ),
  value: bytes,
});

const producerRecord: Arbitrary<ProducerRecord> = record({
  key: oneof(bytes, constant(null)),
  value: oneof(bytes, constant(null)),
  timestamp,
  headers: array(header, {maxLength: 3}),
});

/** What a producer may be given: of every shape, not empty. */
export const producerRecords: Arbitrary<ProducerRecord[]> = array(producerRecord, {
  minLength: 1,
  maxLength: 66,
});
