import {describe, expect, test} from 'vitest';
import {
  isPublicationSkipped,
  postgresError,
} from '../../../../src/cdc/postgres/connection/errors.ts';

const context = {
  name: 'camel',
  hostname: 'db',
  port: 5432,
  dbname: 'shop',
  user: 'reader',
  password: 'wrong',
  sslmode: 'disable',
  slotName: 'camel',
  publicationName: 'millrace_camel',
} as const;

const codeOf = (code: string, message: string): string =>
  postgresError(Object.assign(new Error(message), {code}), context).code;

describe('postgresError', () => {
  test.each([
    ['42704', 'publication "millrace_camel" does not exist', 'CDC_PUBLICATION_INVALID'],
    ['42704', 'Publikation »millrace_camel« existiert nicht', 'CDC_PUBLICATION_INVALID'],
    ['42704', 'replication slot "camel" does not exist', 'CDC_SLOT_LOST'],
    ['42704', 'Replikations-Slot »camel« existiert nicht', 'CDC_SLOT_LOST'],
    ['42704', 'type "mood" does not exist', 'CDC_CONNECTION_FAILED'],
    ['55000', 'can no longer get changes from replication slot "camel"', 'CDC_SLOT_LOST'],
    ['55000', 'aus Replikations-Slot »camel« kann nicht gelesen werden', 'CDC_SLOT_LOST'],
  ])('knows %s "%s" as %s, in the words of any language', (state, message, code) => {
    expect(codeOf(state, message)).toBe(code);
  });

  test('tells a slot and a publication apart whose names have the word for the other', () => {
    const named = {...context, slotName: 'publication_1', publicationName: 'slot_1'};
    const of = (message: string): string =>
      postgresError(Object.assign(new Error(message), {code: '42704'}), named).code;

    expect(of('replication slot "publication_1" does not exist')).toBe('CDC_SLOT_LOST');
    expect(of('publication "slot_1" does not exist')).toBe('CDC_PUBLICATION_INVALID');
  });
});

describe('isPublicationSkipped', () => {
  test('goes by the state where the words are of another language', () => {
    expect(
      isPublicationSkipped({code: '55000', message: 'Laden der Publikation »p« übersprungen'}),
    ).toBe(true);
    expect(isPublicationSkipped({code: '01000', message: 'nothing of ours'})).toBe(false);
  });
});
