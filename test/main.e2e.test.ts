import {spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import type {Client} from 'pg';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test} from 'vitest';
import {connect, terminate} from '../src/cdc/postgres/connection/connection.ts';
import {serverPort} from './support/server-port.ts';
import {PostgresServer, queryPostgres} from './support/postgres.ts';
import {until} from './support/until.ts';

const SECRET = 'pa55-w0rd-of-nobody';

let root: string;
let directory: string;
let serial = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-main-'));
});
afterAll(() => rmSync(root, {recursive: true, force: true}));
beforeEach(() => {
  directory = join(root, String(++serial));
  mkdirSync(directory);
});

/** The service as its own process in `directory`, and what it says. */
class Run {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;

  constructor(args: readonly string[], nodeFlags: readonly string[] = []) {
    this.#child = spawn(process.execPath, [...nodeFlags, resolve('dist/main.js'), ...args], {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (text) => (this.stdout += String(text)));
    this.#child.stderr?.on('data', (text) => (this.stderr += String(text)));
    this.#closed = once(this.#child, 'close');
    running.add(this);
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Resolves with the exit code. */
  async ended(): Promise<number | null> {
    await this.#closed;
    running.delete(this);
    return this.#child.exitCode;
  }

  end(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.ended();
  }
}

const running = new Set<Run>();
afterEach(() => Promise.all([...running].map((run) => run.end('SIGKILL'))));

/** A source on the shared Postgres, and what differs from it: `undefined` leaves a key out. */
function yaml(
  source: Readonly<Record<string, string | number | undefined>> = {},
  top: Readonly<Record<string, string>> = {},
): string {
  const keys = {
    'database.hostname': '127.0.0.1',
    'database.port': inject('postgresPort'),
    'database.dbname': 'postgres',
    'database.user': 'postgres',
    'database.password': SECRET,
    'topic.prefix': 'postgres',
    'slot.name': `main_${process.pid}_${serial}`,
    'table.include.list': 'public.t',
    ...source,
  };
  return [
    ...Object.entries({
      'data.dir': './data',
      'http.listen': '127.0.0.1:0',
      'log.level': 'warn',
      ...top,
    }).map(([key, value]) => `${key}: ${value}`),
    'sources:',
    '  camel:',
    ...Object.entries(keys)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `    ${key}: ${value}`),
    '',
  ].join('\n');
}

function configure(text: string): readonly string[] {
  writeFileSync(join(directory, 'm.yaml'), text);
  return ['start', '--config', 'm.yaml'];
}

/** Makes a database of its own, and in it `sql`. */
async function database(sql: string, port = inject('postgresPort')): Promise<string> {
  const name = `main_${process.pid}_${serial}`;
  await queryPostgres(port, `CREATE DATABASE ${name}`, 'postgres');
  await queryPostgres(port, sql, name);
  return name;
}

/** What it says as it ends with code 1, in one line: no second error, no stack trace, no secret. */
async function failureOf(run: Run): Promise<string> {
  expect(await run.ended(), run.stderr).toBe(1);
  const lines = run.stderr.trimEnd().split('\n');
  const [last = ''] = lines.slice(-1);
  expect(last).toMatch(/^error: /);
  // What comes before it are log lines.
  for (const line of lines.slice(0, -1)) expect(JSON.parse(line)).toMatchObject({level: 40});
  expect(run.stdout + run.stderr).not.toMatch(/^\s+at /m);
  expect(run.stdout + run.stderr).not.toContain(SECRET);
  expect(run.stdout).toBe('');
  return last.replace(/^error: /, '');
}

/** Where nobody may write, not even root. */
const nowhere = process.platform === 'linux' ? ['/proc/nothing/data', '/proc/self', '/sys'] : [];

/** The clock 200 times faster, while timers take their time: patience of minutes ends after one retry. */
const impatient = [
  '--import',
  'data:text/javascript,const n=Date.now,s=n();Date.now=()=>s+(n()-s)*200',
];

describe('a mistake on the command line or in the configuration', () => {
  test.each<[string, string, RegExp]>([
    [
      'a bracket that is not closed',
      `data.dir: ./data\nsources: [camel\n`,
      /^m\.yaml:2:10: a colon, a comma, a closing quote or a closing bracket is missing; /,
    ],
    [
      'a tab for indentation',
      `sources:\n\tcamel:\n`,
      /^m\.yaml:2:1: tabs do not indent YAML; use spaces$/,
    ],
    [
      'a value of the wrong type',
      `commit.interval.ms: soon\n`,
      /^m\.yaml:1:21: commit\.interval\.ms: expected an integer from 1 to 60000$/,
    ],
    [
      'a key that is unknown',
      `comit.interval.ms: 5\n`,
      /^m\.yaml:1:1: comit\.interval\.ms is not a key; did you mean `commit\.interval\.ms`\?$/,
    ],
    [
      'a value that is not supported yet',
      `processing.guarantee: at_least_once\n`,
      /^m\.yaml:1:23: processing\.guarantee: `at_least_once` is not supported yet; /,
    ],
    [
      'a variable that is not set',
      yaml().replace(SECRET, '${MILLRACE_NO_SUCH}'),
      /^m\.yaml:10:\d+: sources\.camel\.database\.password.* MILLRACE_NO_SUCH, which is not set$/,
    ],
  ])('%s is said with its place and the remedy', async (_name, text, message) => {
    expect(await failureOf(new Run(configure(text)))).toMatch(message);
  });

  test('each of several mistakes has a line of its own', async () => {
    const run = new Run(configure(yaml({'database.port': 'x', 'topic.prefix': undefined})));

    expect(await run.ended()).toBe(1);
    expect(run.stderr.trimEnd().split('\n')).toEqual([
      'error: m.yaml:5:3: sources.camel.topic.prefix is required',
      'error: m.yaml:7:20: sources.camel.database.port: expected an integer from 1 to 65535',
    ]);
    expect(run.stderr).not.toContain(SECRET);
  });

  test.each<[readonly string[], RegExp]>([
    [['--config', 'gone.yaml'], /^gone\.yaml: there is no such file; give --config the path of /],
    [['--config', '.'], /^\.: cannot be read: EISDIR/],
    [['--verbose'], /^unknown option '--verbose'; see `millrace --help`$/],
    [['strat'], /^unknown command 'strat'; did you mean start\?$/],
  ])('%j', async (args, message) => {
    expect(await failureOf(new Run(args))).toMatch(message);
  });
});

describe('a place that cannot be used', () => {
  test.each(nowhere)('the data directory %s', async (dataDirectory) => {
    const run = new Run(configure(yaml({}, {'data.dir': dataDirectory})));

    expect(await failureOf(run)).toMatch(/data.*dir.*\(DATA_DIR_UNUSABLE\)$/i);
    expect(run.stderr).toContain(dataDirectory);
  });

  test.each(['file', 'file/data', 'taken'])('the data directory %s', async (name) => {
    writeFileSync(join(directory, 'file'), '');
    mkdirSync(join(directory, 'taken'));
    writeFileSync(join(directory, 'taken', 'log'), 'not a directory');
    const run = new Run(configure(yaml({}, {'data.dir': `./${name}`})));

    expect(await failureOf(run)).toMatch(/data.*dir.*\(DATA_DIR_UNUSABLE\)$/i);
    expect(run.stderr).toContain(join(directory, name));
  });

  test('a port that something else listens on', async () => {
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const {port} = other.address() as AddressInfo;
    const run = new Run(configure(yaml({}, {'http.listen': `127.0.0.1:${port}`})));

    expect(await failureOf(run)).toMatch(
      new RegExp(
        `^http\\.listen 127\\.0\\.0\\.1:${port} cannot be used .*; stop what listens there, or set another http\\.listen \\(HTTP_PORT_IN_USE\\)$`,
      ),
    );
    other.close();
  });

  test('the data directory of an instance that runs, which runs on', async () => {
    const port = await serverPort();
    const name = await database('CREATE TABLE t (id int PRIMARY KEY)');
    const text = yaml({'database.dbname': name}, {'http.listen': `127.0.0.1:${port}`});
    const first = new Run(configure(text));
    await until('the first listens', async () => (await statusOf(port)) !== undefined);

    const second = new Run(configure(text.replace(String(port), '0')));

    expect(await failureOf(second)).toMatch(/in use by another .*\(STATE_DIRECTORY_LOCKED\)$/);
    expect(await statusOf(port)).toContain('"components"');
    expect(first.hasEnded, first.stderr).toBe(false);
  });
});

describe('a second start of the demo', () => {
  test('leaves the first with its Postgres alone', async () => {
    writeFileSync(join(directory, 'millrace.yaml'), 'http.listen: 127.0.0.1:0\n');
    const first = new Run([]);
    await until('the first runs', () => first.stdout.includes('/api/status'));
    const url = /http\S+\/api\/status/.exec(first.stdout)?.[0] ?? '';

    expect(await failureOf(new Run([]))).toMatch(/in use by another .*\(STATE_DIRECTORY_LOCKED\)$/);

    const {conditions} = (await (await fetch(url)).json()) as {conditions: unknown};
    expect(conditions).toEqual([]);
    expect(await first.end('SIGTERM'), first.stderr).toBe(0);
  });
});

describe('a Postgres that cannot be captured', () => {
  test('a table that is missing', async () => {
    const name = await database('CREATE TABLE other (id int PRIMARY KEY)');

    expect(await failureOf(new Run(configure(yaml({'database.dbname': name}))))).toMatch(
      /^source camel: Postgres at 127\.0\.0\.1:\d+ has no table to capture: nothing matches public\.t of table\.include\.list; check the names and database\.dbname \(CDC_TABLE_MISSING\)$/,
    );
  });

  test('a database that does not exist', async () => {
    expect(await failureOf(new Run(configure(yaml({'database.dbname': 'nowhere'}))))).toMatch(
      /^source camel: Postgres at \S+ has no database nowhere; check database\.dbname \(CDC_DATABASE_MISSING\)$/,
    );
  });

  test('a user without REPLICATION', async () => {
    const name = await database('CREATE TABLE t (id int PRIMARY KEY)');
    await queryPostgres(
      inject('postgresPort'),
      `CREATE ROLE ${name} LOGIN; GRANT SELECT ON t TO ${name}`,
      name,
    );

    expect(
      await failureOf(new Run(configure(yaml({'database.dbname': name, 'database.user': name})))),
    ).toMatch(
      /^source camel: .* refused user main_\w+: .*; run ALTER ROLE "main_\w+" REPLICATION \(CDC_PERMISSION_DENIED\)$/,
    );
  });

  test('a slot that another database has', async () => {
    const name = await database('CREATE TABLE t (id int PRIMARY KEY)');
    await queryPostgres(
      inject('postgresPort'),
      `SELECT pg_create_logical_replication_slot('${name}', 'pgoutput')`,
      'postgres',
    );

    expect(await failureOf(new Run(configure(yaml({'database.dbname': name}))))).toMatch(
      /^source camel: .*slot main_\w+ belongs to database postgres .*; choose another slot\.name \(CDC_SLOT_IN_USE\)$/,
    );
  });

  test('a slot that somebody else has made', async () => {
    const name = await database(`CREATE TABLE t (id int PRIMARY KEY)`);
    await queryPostgres(
      inject('postgresPort'),
      `SELECT pg_create_logical_replication_slot('${name}', 'pgoutput')`,
      name,
    );

    expect(await failureOf(new Run(configure(yaml({'database.dbname': name}))))).toMatch(
      /^source camel: .*slot main_\w+ is there, and as far as Kafka knows this service has not made it; choose another slot\.name, .* \(CDC_SLOT_IN_USE\)$/,
    );
  });

  // A walsender whose client was killed keeps its slot for `wal_sender_timeout`: no reason to give up at once.
  test('a slot that another connection has, once it has tried slot.max.retries times', async () => {
    const port = await serverPort();
    const name = await database('CREATE TABLE t (id int PRIMARY KEY)');
    const text = yaml(
      {'database.dbname': name, 'slot.retry.delay.ms': 10},
      {'http.listen': `127.0.0.1:${port}`},
    );
    const owner = await readerOfSlotAfter(new Run(configure(text)), port, name);
    const run = new Run(configure(text));

    expect(await failureOf(run)).toMatch(
      /^source camel: .*"?main_\w+"? is active for PID \d+; stop the other instance, or give this one its own slot\.name \(CDC_SLOT_IN_USE\)$/,
    );
    expect(run.stderr).toMatch(/"code":"CDC_SLOT_IN_USE","subject":"source camel","retryInMs":\d+/);
    terminate(owner);
  });

  test('a slot that another connection has for a while, and then lets go: not an error', async () => {
    const port = await serverPort();
    const name = await database('CREATE TABLE t (id int PRIMARY KEY)');
    const text = yaml({'database.dbname': name}, {'http.listen': `127.0.0.1:${port}`});
    const owner = await readerOfSlotAfter(new Run(configure(text)), port, name);
    const run = new Run(configure(text));

    await until(
      'it waits',
      async () => (await statusOf(port))?.includes('CDC_SLOT_IN_USE') === true,
    );
    terminate(owner);

    await until('it streams', async () => {
      const status = await statusOf(port);
      return status?.includes('CDC_SLOT_IN_USE') === false && status.includes('"phase":"stream"');
    });
    expect(run.hasEnded).toBe(false);
  });

  // As Debezium: at the start it is more likely a wrong address than an outage.
  test('an address where nothing listens, once it has tried again for 10 s', async () => {
    const run = new Run(configure(yaml({'database.port': await serverPort()})), impatient);

    expect(await failureOf(run)).toMatch(
      /^source camel: Postgres at 127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED.*; check database\.hostname, database\.port and that it runs \(CDC_CONNECTION_FAILED\)$/,
    );
    expect(run.stderr).toMatch(
      /"code":"CDC_CONNECTION_FAILED","subject":"source camel","retryInMs":\d+/,
    );
  });

  test('a host name that does not exist', async () => {
    const text = yaml({'database.hostname': 'nowhere.invalid'});

    expect(await failureOf(new Run(configure(text), impatient))).toMatch(
      /^source camel: Postgres at nowhere\.invalid:\d+ cannot be reached: .*; check database\.hostname/,
    );
  });

  test('a password that is wrong', async () => {
    const server = await PostgresServer.start({authentication: 'scram-sha-256'});

    expect(await failureOf(new Run(configure(yaml({'database.port': server.port}))))).toMatch(
      /^source camel: Postgres at \S+ refused user postgres: .*; check database\.user and database\.password \(CDC_AUTHENTICATION_FAILED\)$/,
    );
    await server.stop();
  });

  test('wal_level below logical', async () => {
    const server = await PostgresServer.start({settings: {wal_level: 'replica'}});
    const name = await database('CREATE TABLE t (id int PRIMARY KEY)', server.port);

    expect(
      await failureOf(
        new Run(configure(yaml({'database.port': server.port, 'database.dbname': name}))),
      ),
    ).toMatch(
      /^source camel: .* has wal_level = replica; run ALTER SYSTEM SET wal_level = logical and restart Postgres \(CDC_WAL_LEVEL\)$/,
    );
    await server.stop();
  });
});

/** A client that streams from the slot that `run` has made, once that has ended. */
async function readerOfSlotAfter(run: Run, port: number, name: string): Promise<Client> {
  await until(
    'it streams',
    async () => (await statusOf(port))?.includes('"phase":"stream"') === true,
  );
  expect(await run.end('SIGTERM'), run.stderr).toBe(0);
  const address = {
    hostname: '127.0.0.1',
    port: inject('postgresPort'),
    dbname: name,
    user: 'postgres',
    password: '',
    sslmode: 'disable',
  } as const;
  const isFree = async (expected: boolean): Promise<boolean> => {
    const [row] = await queryPostgres(
      address.port,
      `SELECT active FROM pg_replication_slots WHERE slot_name = '${name}'`,
      name,
    );
    return row?.['active'] === !expected;
  };
  await until('the slot is free', () => isFree(true));
  const client = await connect(address, 'replication');
  const streaming = client.query(
    `START_REPLICATION SLOT "${name}" LOGICAL 0/0 (proto_version '1', publication_names 'millrace_${name}')`,
  );
  // It ends as its connection does.
  streaming.catch(() => undefined);
  await until('the slot is read', () => isFree(false));
  return client;
}

/** The text of `/api/status`; undefined while nobody answers. */
async function statusOf(port: number): Promise<string | undefined> {
  try {
    return await (await fetch(`http://127.0.0.1:${port}/api/status`)).text();
  } catch {
    return undefined;
  }
}
