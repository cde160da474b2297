import {afterEach, beforeEach, describe, expect, inject, test} from 'vitest';
import {silentLogger} from '../../../src/common/logger.ts';
import type {Logger} from '../../../src/common/logger.ts';
import {CapturedDatabase} from '../../support/captured-database.ts';
import {TcpProxy} from '../../support/tcp-proxy.ts';
import {until} from '../../support/until.ts';

const TOPIC = 'postgres.public.t';

/** Where the bit is flipped: in the kind of the column `v`, or in the digits of `n` before it, which are two. */
const places = {kind: {before: 5, bit: 0x10}, digit: {before: 6, bit: 0x40}} as const;

describe('a source behind a wire that changes a bit', () => {
  let proxy: TcpProxy;
  let database: CapturedDatabase;
  /** Code and message of the warnings. */
  let warnings: string[];

  beforeEach(async () => {
    warnings = [];
    const logger: Logger = {
      ...silentLogger,
      warn: (fields, message) => warnings.push(`${JSON.stringify(fields)} ${message}`),
      child: () => logger,
    };
    proxy = await TcpProxy.start(inject('postgresPort'));
    database = await CapturedDatabase.start(
      inject('postgresPort'),
      ['public.t'],
      'CREATE TABLE t (id int PRIMARY KEY, n int, v text)',
      {source: {hostname: `127.0.0.1:${proxy.port}`}, logger},
    );
  });

  afterEach(async () => {
    await proxy.pass();
    await database[Symbol.asyncDispose]();
    await proxy.stop();
  });

  /** Damages the row with this text, as often as `times` says. */
  const damage = (text: string, place: keyof typeof places, times: number): Promise<void> => {
    let left = times;
    const {before, bit} = places[place];
    return proxy.alter((chunk) => {
      const at = chunk.indexOf(text);
      if (at < before || left-- <= 0) return;
      chunk[at - before] = (chunk[at - before] as number) ^ bit;
    });
  };

  const insert = (id: number, text: string): Promise<unknown> =>
    database.sql(`INSERT INTO t VALUES (${id}, ${id + 10}, '${text}')`);

  const rows = async (): Promise<unknown[]> =>
    (await database.events(TOPIC)).map(([, event]) => event?.after?.['id']);

  test.each(['kind', 'digit'] as const)(
    'reads it again after a damage to a %s, so that each row is there once, however often that happens',
    async (place) => {
      for (let id = 1; id <= 4; id++) {
        await damage(`damaged ${id}`, place, 1);
        await insert(id, `damaged ${id}`);
        await until('the row is there', async () => (await rows()).includes(id));
      }

      expect(await rows()).toEqual([1, 2, 3, 4]);
      expect(warnings.filter((warning) => warning.includes('CDC_PROTOCOL'))).toHaveLength(4);
      expect(database.run.conditions.list()).toEqual([]);
    },
  );

  test('takes a snapshot again of which a row was damaged, and each row of it is there once', async () => {
    await database.run.stop();
    let isWhole = true;
    await proxy.alter((chunk) => {
      const at = chunk.indexOf('in the snapshot');
      if (at < 2 || !isWhole) return;
      isWhole = false;
      // The last digit of the column before it.
      chunk[at - 2] = (chunk[at - 2] as number) ^ 0x40;
    });
    await using other = await CapturedDatabase.start(
      inject('postgresPort'),
      ['public.t'],
      `CREATE TABLE t (id int PRIMARY KEY, n int, v text);
       INSERT INTO t SELECT g, 7, 'row' FROM generate_series(1, 50) g; INSERT INTO t VALUES (51, 7, 'in the snapshot')`,
      {source: {hostname: `127.0.0.1:${proxy.port}`}},
    );

    const ids = (await other.events(TOPIC)).map(([, event]) => event?.after?.['id']);

    expect(isWhole).toBe(false);
    expect(ids).toEqual(Array.from({length: 51}, (_, index) => index + 1));
  });

  test.each([
    ['kind', /at LSN [0-9A-F]+\/[0-9A-F]+: unknown column kind 0x64 \(public\.t, column v\); /],
    ['digit', /public\.t, column n, at LSN [0-9A-F]+\/[0-9A-F]+: a value of type int4 .*; /],
  ] as const)(
    'ends where a %s is damaged each time, with the LSN and the column, and goes on there once it is whole',
    async (place, message) => {
      await damage('always damaged', place, Infinity);
      await insert(1, 'whole');
      await insert(2, 'always damaged');
      await insert(3, 'whole');

      await expect(database.run.ended).rejects.toMatchObject({
        name: 'FatalError',
        code: 'CDC_PROTOCOL',
        message: expect.stringMatching(message) as string,
      });
      await proxy.pass();
      await database.restart();

      await until('all is there', async () => (await rows()).length >= 3);
      expect(await rows()).toEqual([1, 2, 3]);
    },
  );
});
