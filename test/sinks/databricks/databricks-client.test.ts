import {createServer} from 'node:net';
import type {AddressInfo} from 'node:net';
import {afterAll, beforeAll, beforeEach, describe, expect, test, vi} from 'vitest';
import {FatalError, RetriableError} from '../../../src/common/errors.ts';
import type {DatabricksOptions} from '../../../src/sinks/databricks/databricks-client.ts';
import type {InsertMode, SinkPartition, SinkSource} from '../../../src/sinks/warehouse-sink.ts';
import {DatabricksWarehouse} from './databricks-warehouse.ts';

vi.setConfig({testTimeout: 20_000});

let warehouse: DatabricksWarehouse;
let number = 0;
beforeAll(async () => {
  warehouse = await DatabricksWarehouse.start();
});
beforeEach(() => {
  number++;
  warehouse.faults.clear();
});
afterAll(() => warehouse.close());

function source(insertMode: InsertMode = 'append'): SinkSource {
  return {
    sink: 'lake',
    topic: `sizes${number}`,
    topicId: 'topic-1',
    partition: 0,
    table: {
      name: `sizes${number}`,
      columns: [
        {name: 'size', type: {kind: 'VARCHAR'}, from: 'value'},
        {name: 'partition', type: {kind: 'INTEGER'}, from: 'partition'},
      ],
    },
    insertMode,
    autoCreate: true,
    autoEvolve: 'evolve',
  };
}

function writeOne(partition: SinkPartition, offset: number): Promise<void> {
  const row = {offset, key: 'a', value: Buffer.from('{"size":"S"}'), timestamp: 1};
  return partition.write({rows: [row], startOffset: offset, nextOffset: offset + 1});
}

function open(rest: Partial<DatabricksOptions>): Promise<SinkPartition> {
  return warehouse.connect(rest).open(source());
}

describe('Databricks', () => {
  test.each([
    ['PUT', 'append', /^PUT /],
    ['UPDATE', 'append', /^UPDATE /],
    ['COPY INTO', 'append', /^COPY INTO /],
    ['MERGE INTO', 'upsert', /^MERGE INTO /],
  ] as const)(
    'sink check 10: a %s that ends in an ERROR state, with HTTP 200, is never reported as written',
    async (_, mode, statement) => {
      const partition = await warehouse.connect().open(source(mode));
      warehouse.faults.arm('fails-before', statement);

      const writing = writeOne(partition, 0);

      await expect(writing).rejects.toBeInstanceOf(RetriableError);
      await expect(writing).rejects.toThrow('The warehouse is unwell for the moment.');
      expect(await warehouse.rows(`sizes${number}`)).toEqual([]);
    },
  );

  test('sink check 10: an ERROR state that comes up only when the client asks again fails the batch, too', async () => {
    const asked = await DatabricksWarehouse.start({directResults: false});
    const partition = await asked.connect().open(source());
    await writeOne(partition, 0);
    asked.faults.arm('fails-before', /^COPY INTO /);

    await expect(writeOne(partition, 1)).rejects.toBeInstanceOf(RetriableError);
    expect(await asked.rows(`sizes${number}`)).toHaveLength(1);
    await asked.close();
  });

  test.each(['session-expired', 'unavailable', 'reset'] as const)(
    'sink check 9: after %s the next attempt has a session of its own and reads the watermark',
    async (fault) => {
      const sink = warehouse.connect();
      const partition = await sink.open(source());
      const {sessionsOpened} = warehouse.server;
      warehouse.faults.arm(fault, /^COPY INTO /);
      await expect(writeOne(partition, 0)).rejects.toBeInstanceOf(RetriableError);

      const {nextOffset} = await sink.open(source());

      expect(nextOffset).toBe(1);
      expect(warehouse.server.sessionsOpened).toBe(sessionsOpened + 1);
      expect(await warehouse.rows(`sizes${number}`)).toHaveLength(1);
    },
  );

  test('sink check 8: a statement that was turned away is sent again', async () => {
    const partition = await open({});
    warehouse.faults.arm('too-many-requests', /^COPY INTO /, 2);

    await writeOne(partition, 0);

    expect(warehouse.faults.statements.filter((sql) => sql.startsWith('COPY'))).toHaveLength(3);
    expect(await warehouse.rows(`sizes${number}`)).toHaveLength(1);
  });

  test('logs in as a service principal', async () => {
    const {clientId, clientSecret} = warehouse.server.address;

    const partition = await open({login: {kind: 'oauth', clientId, clientSecret}});

    expect(partition.nextOffset).toBeUndefined();
  });

  test.each([
    ['token', {kind: 'token', token: 'dapi-wrong'}],
    ['secret', {kind: 'oauth', clientId: 'stand-in-client', clientSecret: 'oauth-wrong'}],
  ] as const)('stops at a wrong %s, and does not tell it', async (_, login) => {
    const opening = open({login});

    await expect(opening).rejects.toBeInstanceOf(FatalError);
    await expect(opening).rejects.toMatchObject({code: 'SINK_AUTHENTICATION_FAILED'});
    await expect(opening).rejects.not.toThrow('wrong');
  });

  test('stops at a certificate that nobody vouches for', async () => {
    const {ca: _, ...options} = warehouse.options();

    const opening = open({...options, ca: undefined as never});

    await expect(opening).rejects.toMatchObject({code: 'SINK_TLS_FAILED'});
    await expect(opening).rejects.toThrow('ssl.ca.location');
  });

  test('stops at a path that is no SQL warehouse, with the reason that the answer gives', async () => {
    const opening = open({httpPath: '/sql/1.0/warehouses/other'});

    await expect(opening).rejects.toMatchObject({code: 'SINK_STATEMENT_REFUSED'});
    await expect(opening).rejects.toThrow('Endpoint /sql/1.0/warehouses/other does not exist.');
  });

  test('sink check 24: a warehouse that does not answer is reported within the deadline', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const {port} = silent.address() as AddressInfo;

    const opening = open({port, requestTimeoutMs: 200});

    await expect(opening).rejects.toBeInstanceOf(RetriableError);
    await expect(opening).rejects.toMatchObject({code: 'SINK_UNREACHABLE'});
    silent.close();
  });

  test('sink check 24: one that cannot be reached is tried again by the caller', async () => {
    const sink = warehouse.connect({port: 1});
    await expect(sink.open(source())).rejects.toMatchObject({code: 'SINK_UNREACHABLE'});
    await expect(sink.open(source())).rejects.toBeInstanceOf(RetriableError);
  });

  test('sink check 23: gives up at once what is under way when it is closed', async () => {
    const sink = warehouse.connect();
    const partition = await sink.open(source());
    warehouse.faults.arm('hangs-before', /^COPY INTO /);
    const writing = Promise.allSettled([writeOne(partition, 0)]);
    await warehouse.faults.whenReached;

    await sink.close();

    expect(await writing).toMatchObject([{reason: {code: 'SINK_UNREACHABLE'}}]);
  });

  test('sink check 25: asks the host for nothing but statements, and the volume for files', async () => {
    const asked = await DatabricksWarehouse.start();
    const partition = await asked.connect().open(source());
    await writeOne(partition, 0);
    await partition.close();

    expect([...asked.server.paths].toSorted()).toEqual(['/presigned', '/sql']);
    await asked.close();
  });
});
