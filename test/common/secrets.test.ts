import {describe, expect, test} from 'vitest';
import {Secrets} from '../../src/common/secrets.ts';

const PASSWORD = 'p@ss/w"rd 7';

describe('Secrets', () => {
  test.each([
    ['as it is', `login with ${PASSWORD} failed`, 'login with *** failed'],
    ['within a word', `x${PASSWORD}y`, 'x***y'],
    ['in JSON', `{"password":${JSON.stringify(PASSWORD)}}`, '{"password":"***"}'],
    [
      'in an address',
      `cannot reach http://u:${encodeURIComponent(PASSWORD)}@db/x`,
      'cannot reach http://u:***@db/x',
    ],
    ['in base64', `got ${Buffer.from(PASSWORD).toString('base64')}`, 'got ***'],
    ['twice', `${PASSWORD}${PASSWORD}`, '******'],
    ['not at all', 'login failed', 'login failed'],
  ])('takes a secret out of a text: %s', (_where, text, redacted) => {
    expect(new Secrets([PASSWORD]).redact(text)).toBe(redacted);
  });

  test.each(['', 'u', 'us', 'use', 'user'])(
    'takes a secret out of base64 that has more in it: after %j',
    (before) => {
      const text = Buffer.from(`${before}:${PASSWORD}:more`).toString('base64');

      const redacted = new Secrets([PASSWORD]).redact(`Basic ${text}`);

      const [, rest = ''] = /^Basic (.*)$/.exec(redacted) ?? [];
      expect(redacted).toContain('***');
      expect(Buffer.from(rest.replace('***', ''), 'base64').toString('latin1')).not.toContain(
        'ss/w',
      );
      expect(rest.length).toBeLessThan(text.length - 10);
    },
  );

  test('takes the longest one where one is a part of another', () => {
    expect(new Secrets(['12345678', 'key:12345678']).redact('(key:12345678)')).toBe('(***)');
  });

  test('takes a short one only where it stands alone', () => {
    const secrets = new Secrets(['top']);

    expect(secrets.redact('topics of top, top:stop')).toBe('topics of ***, ***:stop');
  });

  test('takes each line of a key', () => {
    const key =
      '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----\n';
    const secrets = new Secrets([key]);

    expect(secrets.redact(`cannot parse kqhkiG9w0BAQEF of ${key}`)).toBe(
      'cannot parse *** of ***\n',
    );
    expect(secrets.redact('-----BEGIN PRIVATE KEY----- is missing')).toBe(
      '-----BEGIN PRIVATE KEY----- is missing',
    );
  });

  test.each([
    ['postgres://reader:hunter2@db:5432/shop', 'postgres://reader:***@db:5432/shop'],
    ['http://registry:8081/subjects/a@b', 'http://registry:8081/subjects/a@b'],
    ['authorization: Bearer eyJ.x-y_z, accept: */*', 'authorization: Bearer ***, accept: */*'],
    ['{"Authorization":"Basic dTpw"}', '{"Authorization":"Basic ***"}'],
    ['authorization: refused', 'authorization: refused'],
  ])('knows a password by its place: %s', (text, redacted) => {
    expect(new Secrets().redact(text)).toBe(redacted);
  });

  test('takes secrets that come later', () => {
    const secrets = new Secrets(['first-one']);
    secrets.add(['second-one']);

    expect(secrets.redact('first-one second-one')).toBe('*** ***');
  });

  test('leaves nothing of an empty one', () => {
    expect(new Secrets(['', ' ']).redact('a b')).toBe('a b');
  });

  describe('redactAll', () => {
    const secrets = new Secrets(['hunter22']);

    test('goes through everything that becomes JSON, and leaves keys and numbers', () => {
      expect(
        secrets.redactAll({
          hunter22: 'hunter22',
          list: ['a', {deep: 'x hunter22'}],
          number: 22,
          nothing: null,
          when: new Date(0),
        }),
      ).toEqual({
        hunter22: '***',
        list: ['a', {deep: 'x ***'}],
        number: 22,
        nothing: null,
        when: '1970-01-01T00:00:00.000Z',
      });
    });

    test('tells of an error what is in it, its causes and what a driver has added', () => {
      const request: {self?: unknown} = {};
      request.self = request;
      const cause = Object.assign(new Error('hunter22 was refused'), {
        code: 'E28P01',
        input: 'http://u:hunter22@db',
        request,
      });

      const told = secrets.redactAll({error: new TypeError('no login', {cause})});

      expect(told).toEqual({
        error: {
          type: 'TypeError',
          message: 'no login',
          stack: expect.stringContaining('TypeError: no login\n    at '),
          cause: {
            type: 'Error',
            message: '*** was refused',
            stack: expect.stringContaining('*** was refused'),
            code: 'E28P01',
            input: 'http://u:***@db',
          },
        },
      });
    });

    test('ends where an object leads back to itself', () => {
      const circle: {next?: unknown} = {};
      circle.next = circle;

      expect(JSON.stringify(secrets.redactAll(circle))).toMatch(/^(\{"next":)+\{\}+$/);
    });
  });
});
