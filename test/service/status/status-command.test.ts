import {createServer} from 'node:http';
import type {Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {PassThrough} from 'node:stream';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {Config} from '../../../src/config/config.ts';
import type {PipelineSnapshot} from '../../../src/monitor/pipeline.ts';
import {statusCommand} from '../../../src/service/status/status-command.ts';
import {ManualClock} from '../../support/manual-clock.ts';
import {until} from '../../support/until.ts';

const status = {
  components: {
    'source camel': {
      state: 'running',
      phase: 'stream',
      slot: 'camel',
      confirmedLsn: '0/18BD6A8',
      lagMs: 12,
      lagBytes: 0,
      events: 2000,
    },
    'sink local': {state: 'retrying', rowsWritten: 1234567, lag: 5},
    streams: {state: 'running', tasks: {'0_0': {}}, restored: {x: {restored: 1, total: 4}}},
  },
};
const snapshot: PipelineSnapshot = {
  at: 1,
  ready: false,
  components: [],
  conditions: [
    {
      code: 'SINK_UNREACHABLE',
      subject: 'sink local',
      message: 'no answer; look at it',
      severity: 'error',
    },
    {code: 'CDC_WAL_AT_RISK', subject: 'source camel', message: 'soon', severity: 'warning'},
  ],
  nodes: {},
  latency: {topics: 4, streams: 1234.5, warehouse: null},
  rows: [],
  point: {at: 1, changes: 1500.26, rows: 0.5, p50: null, p99: null},
};

const screen = [
  'NOT READY',
  '!! SINK_UNREACHABLE (sink local): no answer; look at it',
  ' ! CDC_WAL_AT_RISK (source camel): soon',
  '',
  'source camel  running, stream, slot camel, at 0/18BD6A8, 12 ms behind, 0 bytes of WAL to come, 2,000 events',
  'sink local    retrying, 1,234,567 rows, 5 records to come',
  'streams       running, tasks 0_0',
  'restores x  [######------------------]  25 %  1 of 4 offsets',
  '',
  'from commit to topics 4 ms, through the topology 1,234.5 ms, to the warehouse -',
  '1,500.3 changes/s in, 0.5 rows/s out',
  '',
];

let server: Server;
let config: Config;
let isReady: boolean;
beforeEach(async () => {
  isReady = false;
  server = createServer((request, response) => {
    response.end(
      JSON.stringify(request.url === '/api/status' ? status : {...snapshot, ready: isReady}),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  config = {http: {host: '127.0.0.1', port: (server.address() as AddressInfo).port}} as Config;
});
afterEach(() => server.close());

function terminal(isTTY: boolean) {
  let text = '';
  const stream = Object.assign(new PassThrough(), {isTTY, columns: 150, rows: 40});
  stream.on('data', (chunk) => (text += String(chunk)));
  return {stream, text: () => text};
}

describe('statusCommand', () => {
  const once = {url: undefined, once: false, format: 'text'} as const;
  const never = new AbortController().signal;

  test('prints one screen where there is no terminal', async () => {
    const {stream, text} = terminal(false);

    await statusCommand(config, once, never, {clock: new ManualClock(), stream});

    expect(text().split('\n')).toEqual(screen);
  });

  test('prints what the service says as JSON', async () => {
    const {stream, text} = terminal(true);

    await statusCommand(config, {...once, format: 'json'}, never, {
      clock: new ManualClock(),
      stream,
    });

    expect(JSON.parse(text())).toEqual({status, snapshot});
  });

  test('goes on showing on a terminal, also while the service is away', async () => {
    const {stream, text} = terminal(true);
    const clock = new ManualClock();
    const stop = new AbortController();
    const showing = statusCommand(config, once, stop.signal, {clock, stream});
    await until('the first screen', () => text().includes('1,234,567 rows'));

    isReady = true;
    clock.advance(1000);
    await until('that it is ready', () => text().includes('\nready') || text().includes('Gready'));
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
    clock.advance(1000);
    await until('that it is away', () => text().includes('does not answer'));

    stop.abort();
    await expect(showing).resolves.toBeUndefined();
  });

  test('fails when it is asked once and there is no answer', async () => {
    server.close();
    server.closeAllConnections();
    const {stream} = terminal(true);

    await expect(
      statusCommand(config, {...once, once: true}, never, {clock: new ManualClock(), stream}),
    ).rejects.toMatchObject({code: 'SERVICE_UNREACHABLE'});
  });
});
