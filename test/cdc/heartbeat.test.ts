import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {readTopic} from '../support/change-events.ts';
import {openTestLog, runConnector} from '../support/connector-run.ts';
import type {ConnectorRun, TestLog} from '../support/connector-run.ts';
import {ManualClock} from '../support/manual-clock.ts';
import {ScriptedSource} from '../support/scripted-source.ts';
import {until} from '../support/until.ts';

const TOPIC = '__debezium-heartbeat.postgres';
const START = 1_704_070_800_000;

describe('Heartbeat', () => {
  let log: TestLog;
  let clock: ManualClock;
  let run: ConnectorRun;

  beforeEach(async () => {
    log = await openTestLog();
    clock = new ManualClock(START);
  });

  afterEach(async () => {
    await run.stop();
    await log.close();
  });

  function start(intervalMs: number): void {
    const heartbeat = {intervalMs, topicsPrefix: '__debezium-heartbeat'};
    run = runConnector(log, new ScriptedSource(), {clock, options: {heartbeat}});
  }

  const beats = async (): Promise<readonly (string | null)[][]> =>
    (await readTopic(log.kafka, TOPIC)).map(({key, value}) => [key, value]);

  test('is written every interval while nothing happens, as Debezium writes it', async () => {
    start(10_000);
    await until('it streams', () => run.connector.status()['phase'] === 'stream');

    const expected: unknown[] = [];
    for (const seconds of [10, 20]) {
      await until('it waits', () => clock.sleeping > 0);
      clock.advance(10_000);
      expected.push(['{"serverName":"postgres"}', `{"ts_ms":${START + seconds * 1000}}`]);
      await until('it is written', async () => (await beats()).length === expected.length);
    }

    expect(await beats()).toEqual(expected);
    const [{valueSchemaId = 0} = {}] = await readTopic(log.kafka, TOPIC);
    expect(JSON.parse(String(await log.registry.byId(valueSchemaId)))).toMatchObject({
      title: 'io.debezium.connector.common.Heartbeat',
      'connect.version': 1,
    });
  });

  test('is not written by default', async () => {
    start(0);
    await until('it streams', () => run.connector.status()['phase'] === 'stream');

    clock.advance(3_600_000);
    await run.stop();

    expect(await beats()).toEqual([]);
  });
});
