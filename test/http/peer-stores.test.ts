import {afterEach, describe, expect, test} from 'vitest';
import {startHttp} from '../../src/http/start-http.ts';
import type {HttpServer} from '../../src/http/start-http.ts';
import {peerStores} from '../../src/http/peer-stores.ts';
import {storeRoutes} from '../../src/http/store-routes.ts';
import {QueryError} from '../../src/streams/runtime/queries/query-error.ts';
import type {StoredRows, StoredRowsRequest} from '../../src/streams/runtime/queries/stored-rows.ts';

let server: HttpServer | undefined;
afterEach(() => server?.close());

/** An instance that answers other instances from what `local` has; it is asked for nothing else. */
async function start(
  local: (request: StoredRowsRequest) => Promise<StoredRows>,
  token?: string,
): Promise<string> {
  server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    token,
    routes: [storeRoutes({reader: {local}})],
  });
  return new URL(server.url).host;
}

const peers = peerStores(undefined);

const request: StoredRowsRequest = {
  store: 'customers/a b',
  partitions: [2, 5],
  from: Buffer.from([0, 255]),
  to: Buffer.from([255]),
  limit: 1001,
};
const rows: StoredRows = {
  rows: [{partition: 5, key: Buffer.from([0, 255, 7]), value: Buffer.from('{}')}],
  offsets: new Map([
    [2, 9],
    [5, 11],
  ]),
};

describe('peerStores', () => {
  test('brings question and answer over, byte for byte', async () => {
    const asked: StoredRowsRequest[] = [];
    const address = await start(async (question) => {
      asked.push(question);
      return rows;
    });

    expect(await peers.rows(address, request, {})).toEqual(rows);
    expect(await peers.rows(address, {...request, from: undefined, to: undefined}, {})).toEqual(
      rows,
    );
    expect(asked).toEqual([request, {...request, from: undefined, to: undefined}]);
  });

  test('says what the instance has against it', async () => {
    const address = await start(() =>
      Promise.reject(new QueryError('unavailable', 'RESTORING', 'It is being restored.')),
    );

    await expect(peers.rows(address, request, {})).rejects.toMatchObject({
      fate: 'unavailable',
      code: 'INSTANCE_UNREACHABLE',
      message: expect.stringContaining(
        `${address} has the partition and does not give it: it answers 503, "It is being restored."`,
      ),
    });
  });

  test('says that an instance cannot be reached', async () => {
    const address = await start(async () => rows);
    await server?.close();

    await expect(peers.rows(address, request, {})).rejects.toMatchObject({
      code: 'INSTANCE_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('shows the token that all instances have, or else what the caller has shown', async () => {
    const address = await start(async () => rows, 'token-of-all');
    const shown = {authorization: 'Bearer token-of-all'};
    const other = {authorization: 'Bearer of-somebody'};

    expect(await peerStores('token-of-all').rows(address, request, other)).toEqual(rows);
    expect(await peers.rows(address, request, shown)).toEqual(rows);
    await expect(peers.rows(address, request, other)).rejects.toMatchObject({
      message: expect.stringContaining('it answers 401'),
    });
  });

  test('asks for no more than an instance gives', async () => {
    const address = await start(async () => rows);

    await expect(peers.rows(address, {...request, limit: 1002}, {})).rejects.toMatchObject({
      message: expect.stringContaining('it answers 400'),
    });
  });
});
