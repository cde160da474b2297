import {rmSync} from 'node:fs';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {alertRules} from '../deploy/alert-rules.ts';
import {grafanaDashboard} from '../deploy/grafana-dashboard.ts';
import {scrapedSeries, unknownNames} from '../deploy/named-metrics.ts';
import {openPipeline} from '../support/open-pipeline.ts';
import {OrderWorkload} from '../support/order-workload.ts';
import type {Pipeline} from '../support/pipeline.ts';
import {PostgresServer} from '../support/postgres.ts';
import {parsePrometheusText} from '../support/prometheus-text.ts';
import type {Family} from '../support/prometheus-text.ts';
import {Random} from '../support/random.ts';
import {everywhere, nowhere, toldStory} from '../support/told-story.ts';
import type {ToldStory} from '../support/told-story.ts';
import {until} from '../support/until.ts';

/** Until everybody is told of it, and until everybody knows that it is over. */
const TOLD_MS = 5000;

/** Of what the dashboard and the alerts ask for: what is written only in trouble, with instances beside, after a restart or by settings of the server. */
const absent = [
  'millrace_dead_letters_total',
  'millrace_skipped_records_total',
  'millrace_streams_standby_records_lag',
  'millrace_streams_restore_remaining_records',
  'millrace_cdc_wal_safe_bytes',
];

describe('the service without its Postgres', () => {
  let postgres: PostgresServer;
  let pipeline: Pipeline;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    pipeline = await openPipeline(postgres.port, {});
    const workload = new OrderWorkload(pipeline.customersDb, pipeline.productsDb, new Random(1));
    await workload.create(20);
    pipeline.service.start();
    await pipeline.service.ready();
    while (workload.orders < 200) await workload.step();
    await pipeline.caughtUp();
  });
  afterAll(async () => {
    await pipeline.service.kill();
    await postgres.stop();
    rmSync(pipeline.directory, {recursive: true, force: true});
  });

  async function scrape(): Promise<readonly Family[]> {
    const response = await fetch(pipeline.service.url('/metrics'));
    return parsePrometheusText(await response.text());
  }

  async function connected(): Promise<readonly number[]> {
    const family = (await scrape()).find(({name}) => name === 'millrace_cdc_connected');
    return family?.samples.map(({value}) => value) ?? [];
  }

  const told = (): Promise<readonly ToldStory[]> =>
    Promise.all(
      ['source customers', 'source products'].map((subject) =>
        toldStory(pipeline.service, 'CDC_CONNECTION_FAILED', subject),
      ),
    );

  async function toldAs(story: ToldStory): Promise<void> {
    let last: readonly ToldStory[] = [];
    const isTold = async (): Promise<boolean> => {
      last = await told();
      return last.every((each) => JSON.stringify(each) === JSON.stringify(story));
    };
    await until('all tell the same', isTold, TOLD_MS, () => JSON.stringify(last));
  }

  test('tells it everywhere within five seconds, by the same code and subject, and that it is over', async () => {
    expect(await told()).toEqual([nowhere, nowhere]);

    for (const client of [pipeline.customersDb, pipeline.productsDb]) {
      client.on('error', () => undefined);
    }
    await postgres.kill();
    await toldAs(everywhere);
    expect(await connected()).toEqual([0, 0]);
    await postgres.restart();
    await toldAs(nowhere);
    await pipeline.service.ready();
    expect(await connected()).toEqual([1, 1]);
  });

  test('has by then every metric and label that the dashboard and the alerts ask for', async () => {
    const series = scrapedSeries(await scrape());

    const asked = [...alertRules(), ...grafanaDashboard().targets].map(({expr}) => expr);
    const missing = new Set(asked.flatMap((expr) => unknownNames(expr, series)));

    expect([...missing].filter((name) => !absent.includes(name))).toEqual([]);
  });
});
