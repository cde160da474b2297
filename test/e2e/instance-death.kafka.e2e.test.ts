import {afterAll, beforeAll, describe, expect, inject, test} from 'vitest';
import {KafkaCluster} from '../servers/kafka-cluster.ts';
import {openPipeline} from '../support/open-pipeline.ts';
import {OrderWorkload} from '../support/order-workload.ts';
import type {Pipeline} from '../support/pipeline.ts';
import {Random} from '../support/random.ts';
import {StreamsInstance} from '../support/streams-instance.ts';
import {everywhere, nowhere, toldStory} from '../support/told-story.ts';
import type {ToldStory} from '../support/told-story.ts';
import {until} from '../support/until.ts';

const TOLD_MS = 5000;
/** The session's 10 s, and a rebalance. */
const OVER_MS = 25_000;

async function tasksOf({service}: Pipeline): Promise<number> {
  const {components} = await service.status();
  return Object.keys(components['streams']?.['tasks'] ?? {}).length;
}

describe('an application of which one instance is killed', () => {
  let cluster: KafkaCluster;
  let pipeline: Pipeline;
  let other: StreamsInstance;
  let workload: OrderWorkload;

  beforeAll(async () => {
    cluster = await KafkaCluster.start();
    pipeline = await openPipeline(inject('postgresPort'), {
      kafka: cluster.brokers,
      settings: {'num.partitions': '2'},
    });
    workload = new OrderWorkload(pipeline.customersDb, pipeline.productsDb, new Random(1));
    await workload.create(20);
    pipeline.service.start();
    await pipeline.service.ready();
    other = await StreamsInstance.create(pipeline);
    other.service.start();
    await until('each has tasks', async () => {
      const [mine, its] = await Promise.all([tasksOf(pipeline), other.offsets()]);
      return mine > 0 && (its?.size ?? 0) > 0;
    });
  });
  afterAll(async () => {
    await other?.close();
    await pipeline?.close();
    await cluster?.stop();
  });

  async function toldAs(story: ToldStory, withinMs: number): Promise<void> {
    const subject = `instance ${new URL(other.service.url('')).host}`;
    let last = story;
    await until(
      'all tell the same',
      async () => {
        last = await toldStory(pipeline.service, 'INSTANCE_UNREACHABLE', subject);
        return JSON.stringify(last) === JSON.stringify(story);
      },
      withinMs,
      () => JSON.stringify(last),
    );
  }

  test('tells it everywhere within five seconds, stays ready, and goes on with its tasks by itself', async () => {
    await toldAs(nowhere, TOLD_MS);
    const before = await tasksOf(pipeline);

    await other.service.kill();
    await toldAs(everywhere, TOLD_MS);
    expect((await fetch(pipeline.service.url('/readyz'))).status).toBe(200);

    await toldAs(nowhere, OVER_MS);
    expect(await tasksOf(pipeline)).toBeGreaterThan(before);
    while (workload.orders < 100) await workload.step();
    await pipeline.caughtUp();
  });
});
