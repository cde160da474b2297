import {afterAll, beforeAll, describe, expect, inject, test} from 'vitest';
import {KafkaCluster} from '../servers/kafka-cluster.ts';
import {duckdbRows} from '../support/duckdb-rows.ts';
import {openPipeline} from '../support/open-pipeline.ts';
import {OrderWorkload} from '../support/order-workload.ts';
import type {Pipeline} from '../support/pipeline.ts';
import {Random} from '../support/random.ts';
import {everywhere, nowhere, toldStory} from '../support/told-story.ts';
import type {ToldStory} from '../support/told-story.ts';
import {until} from '../support/until.ts';
import type {Row} from '../support/versions.ts';

const COLUMNS =
  'order_id, product_id, size, product, department, price, id, first_name, last_name, email, phone, street_address, state, zip_code, country, country_code';

/** Requests are repeated for 2 s: each outage is longer, and every component fails and tries again. */
const timeouts = {'request.timeout.ms': '1000', 'default.api.timeout.ms': '2000'};

/** Retries of one component within an outage, beyond its first failure. */
const RETRIES = 1;

const ofKafka = 'millrace_condition{code="KAFKA_UNREACHABLE",subject="kafka",severity="error"}';

function isOfKafka(reason: string): boolean {
  return reason.startsWith('KAFKA_UNREACHABLE (kafka): ');
}

interface LogLine {
  readonly level: number;
  readonly code?: string;
  readonly sink?: string;
  readonly source?: string;
  readonly msg: string;
}

describe('the service without its Kafka', () => {
  let cluster: KafkaCluster;
  let pipeline: Pipeline;
  let workload: OrderWorkload;
  let linesBefore: number;

  beforeAll(async () => {
    cluster = await KafkaCluster.start();
    pipeline = await openPipeline(inject('postgresPort'), {
      kafka: cluster.brokers,
      kafkaSettings: timeouts,
      settings: {'log.level': 'debug'},
      sinks: {current: 'upsert', history: 'append'},
    });
    workload = new OrderWorkload(pipeline.customersDb, pipeline.productsDb, new Random(1));
    await workload.create(20);
    pipeline.service.start();
    await pipeline.service.ready();
    await insertOrders(300);
    await until('rows are in the warehouse', async () => (await rowsWritten()) > 0);
  });

  afterAll(async () => {
    await pipeline.close();
    await cluster.stop();
  });

  async function insertOrders(count: number): Promise<void> {
    const target = workload.orders + count;
    while (workload.orders < target) await workload.step();
  }

  async function rowsWritten(): Promise<number> {
    const {components} = await pipeline.service.status();
    return Number(components['sink current']?.['rowsWritten'] ?? 0);
  }

  async function logged(): Promise<readonly LogLine[]> {
    const lines = (await pipeline.service.logged()).trim().split('\n').slice(linesBefore);
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  async function metric(series: string): Promise<string | undefined> {
    const text = await (await fetch(pipeline.service.url('/metrics'))).text();
    return text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length + 1);
  }

  async function unready(): Promise<readonly string[]> {
    const response = await fetch(pipeline.service.url('/readyz'));
    const {reasons} = (await response.json()) as {readonly reasons: readonly string[]};
    expect(response.status).toBe(reasons.length === 0 ? 200 : 503);
    return reasons;
  }

  /** How long it may take until it is told: requests that are not answered are overdue only after what they may wait. */
  const outages: [string, number, () => Promise<void> | void, () => Promise<void> | void][] = [
    ['are killed', 5000, () => cluster.kill(1), () => cluster.restart(1)],
    ['hang', 15_000, () => cluster.freeze(1), () => cluster.resume(1)],
  ];

  const told = (): Promise<ToldStory> => toldStory(pipeline.service, 'KAFKA_UNREACHABLE', 'kafka');

  test.each(outages)(
    'says so while all brokers %s, and goes on by itself',
    async (_, toldMs, end, begin) => {
      const {service} = pipeline;
      linesBefore = (await service.logged()).trim().split('\n').length;
      // Some of what is committed now is under way when the brokers go.
      const inserted = insertOrders(200);
      await end();
      let where: ToldStory = nowhere;
      await until(
        'it is told everywhere',
        async () => {
          where = await told();
          return JSON.stringify(where) === JSON.stringify(everywhere);
        },
        toldMs,
        () => JSON.stringify(where),
      );
      await inserted;
      await insertOrders(200);
      expect((await unready()).find(isOfKafka)).toMatch(
        new RegExp(
          `Kafka at ${cluster.brokers[0]}: no broker has answered since .* \\(.*\\); check the brokers, bootstrap\\.servers and the network`,
        ),
      );
      expect(await metric(ofKafka)).toBe('1');
      const asked = performance.now();
      const {logEnds, conditions} = await service.status();
      expect(performance.now() - asked).toBeLessThan(1000);
      expect(logEnds).toBeNull();
      expect(conditions).toContainEqual(
        expect.objectContaining({code: 'KAFKA_UNREACHABLE', subject: 'kafka'}),
      );
      await until('each component has tried again and again', async () => {
        const lines = await logged();
        return [
          lines.filter(({sink, code}) => sink === 'current' && code === 'KAFKA_UNREACHABLE'),
          lines.filter(({source, code}) => source === 'products' && code === 'KAFKA_UNREACHABLE'),
        ].every(({length}) => length > RETRIES);
      });

      await begin();
      await insertOrders(200);
      await until('the service is ready again', async () => (await unready()).length === 0);
      await pipeline.caughtUp();

      expect(await told()).toEqual(nowhere);
      expect(await metric(ofKafka)).toBe('0');
      expect((await service.status()).conditions).toEqual([]);
      const loud = (await logged()).filter(({level}) => level >= 40);
      // Once, and once for each of its components.
      expect(loud.filter(({msg}) => msg.includes('no broker has answered'))).toHaveLength(1);
      expect(loud.filter(({sink}) => sink === 'current')).toHaveLength(1);
      expect(loud.filter(({source}) => source === 'products')).toHaveLength(1);
    },
  );

  test('has lost and doubled nothing afterwards', async () => {
    await workload.touchAllOrders();
    await pipeline.caughtUp();
    expect(await pipeline.service.stop(), await pipeline.service.log()).toBe(0);

    const rows = (await duckdbRows(
      pipeline.warehouse('current'),
      `SELECT ${COLUMNS} FROM orders_enriched`,
    )) as Row[];
    const byId = new Map(rows.map((row) => [row['order_id'] as string, row]));
    expect(byId.size).toBe(rows.length);
    const expected = workload.expected();
    const wrong = [...expected].filter(
      ([id, row]) => JSON.stringify(byId.get(id)) !== JSON.stringify(row),
    );
    expect(wrong.slice(0, 3), `${wrong.length} of ${expected.size} rows differ`).toEqual([]);
    expect(expected.size).toBeGreaterThan(500);
    const emitted = await duckdbRows(
      pipeline.warehouse('history'),
      'SELECT order_id, count(*)::INT AS times, count(DISTINCT _offset)::INT AS offsets FROM orders_enriched GROUP BY order_id',
    );
    // Each version of an order once at most: where it was joined.
    const doubled = emitted.filter(
      ({order_id: id, times, offsets}) =>
        Number(times) > workload.versions.orders.all(id as string).length || times !== offsets,
    );
    expect(doubled).toEqual([]);
  });
});
