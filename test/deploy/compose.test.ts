import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DCLinter} from 'dclint';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {parse} from 'yaml';
import {runCli} from '../../src/cli.ts';
import {Secrets} from '../../src/common/secrets.ts';
import type {Config} from '../../src/config/config.ts';
import {loadConfig} from '../../src/config/load-config.ts';
import type {Role} from '../../src/service/roles.ts';
import {capturedTopics, sourceTopics, unknownSinkTopics} from './pipeline-topics.ts';

const mounted = '/etc/millrace/millrace.yaml';
const file = 'deploy/compose/millrace.yaml';
const text = readFileSync('compose.yaml', 'utf8');

/** The linter compiles the whole schema of Compose each time. */
const LINT_TIMEOUT_MS = 60_000;

interface LintResult {
  readonly messages: readonly {readonly rule: string; readonly message: string}[];
}

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly build?: string;
        readonly image?: string;
        readonly command?: readonly string[];
        readonly environment?: Readonly<Record<string, string>>;
        readonly volumes?: readonly string[];
      }
    >
  >;
  readonly volumes: Readonly<Record<string, null>>;
}

const {services, volumes: named} = parse(text, {merge: true}) as Compose;
const ours = Object.entries(services).filter(([, {build}]) => build !== undefined);
const environment = ours[0]?.[1].environment ?? {};

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-compose-'));
});
afterEach(() => rmSync(directory, {recursive: true, force: true}));

/** Messages of the schema of Compose and of the linter's rules, but for those that want keys in its own order. */
function lint(content: string): readonly string[] {
  const path = join(directory, 'compose.yaml');
  writeFileSync(path, content);
  const rules = {'service-keys-order': 0, 'services-alphabetical-order': 0} as const;
  const linter = new DCLinter({rules, quiet: false, debug: false, exclude: []});
  const results: readonly LintResult[] = linter.lintFiles([path], false);
  return results.flatMap(({messages}) => messages.map(({rule, message}) => `${rule}: ${message}`));
}

describe('compose.yaml', () => {
  test(
    'has nothing for the linter to say',
    () => {
      expect(lint(text)).toEqual([]);
    },
    LINT_TIMEOUT_MS,
  );

  test.each([
    ['an unknown field', 'restart: on-failure', 'restarts: on-failure', /restarts|additional/],
    ['a value of another type', 'read_only: true', 'read_only: [yes]', /read_only/],
    ['an unknown condition', 'service_healthy', 'service_healed', /condition|depends_on/],
    ['an image without a tag', 'apache/kafka:4.4.0', 'apache/kafka', /explicit-tag/],
    ['a port on all addresses', '127.0.0.1:8080:8080', '8080:8080', /unbound-port/],
  ])(
    'is refused with %s',
    (_what, right, wrong, message) => {
      expect(lint(text.replace(right, wrong)).join('\n')).toMatch(message);
    },
    LINT_TIMEOUT_MS,
  );

  test('has the brokers and the registry that the tests run against', () => {
    const pom = readFileSync('test/servers/pom.xml', 'utf8');
    const [, kafka] = /<kafka.version>(.*)</.exec(pom) ?? [];
    const [, apicurio] = /<apicurio.version>(.*)</.exec(pom) ?? [];

    expect(services['kafka']?.image).toBe(`apache/kafka:${kafka}`);
    expect(services['registry']?.image).toBe(
      `quay.io/apicurio/apicurio-registry-kafkasql:${apicurio}`,
    );
  });

  test('gives the service a configuration that it takes, with servers of the same file', () => {
    const config = loadConfig({file, environment});

    const hosts = [
      ...(config.kafka?.bootstrapServers ?? []).map((server) => server.split(':')[0]),
      ...(config.schemaRegistry?.servers ?? []).map(({url}) => new URL(url).hostname),
      ...(config.sources ?? []).map(({database}) => database.hostname),
    ];
    expect(new Set(hosts)).toEqual(new Set(['kafka', 'registry', 'customers-db', 'products-db']));
    expect(Object.keys(services)).toEqual(expect.arrayContaining(hosts));
    expect(capturedTopics(config)).toEqual(sourceTopics);
    expect(unknownSinkTopics(config)).toEqual([]);
  });

  test('keeps what must not be lost on named volumes, the DuckDB file among it', () => {
    const used = Object.values(services)
      .flatMap(({volumes = []}) => volumes)
      .filter((volume) => !volume.startsWith('.'));

    expect(new Set(used.map((volume) => volume.split(':')[0]))).toEqual(
      new Set(Object.keys(named)),
    );
    const [sink] = loadConfig({file, environment}).sinks;
    expect(services['sinks']?.volumes).toContain('warehouse:/data');
    expect(sink).toMatchObject({connector: 'duckdb', database: '/data/warehouse.duckdb'});
  });

  test('runs each part of the pipeline, each once', async () => {
    const started: Role[] = [];
    const before = process.env['POSTGRES_PASSWORD'];
    process.env['POSTGRES_PASSWORD'] = 'postgres';
    for (const [, {command = [], volumes = []}] of ours) {
      expect(volumes).toContain(`./${file}:${mounted}:ro`);
      await runCli(
        command.map((word) => (word === mounted ? file : word)),
        new AbortController().signal,
        new Secrets(),
        {
          start: async (_config: Config, _signal, roles) => void started.push(...(roles ?? [])),
          snapshot: async () => '',
          check: async () => undefined,
          why: async () => '',
          print: () => undefined,
        },
      );
    }
    if (before === undefined) delete process.env['POSTGRES_PASSWORD'];
    else process.env['POSTGRES_PASSWORD'] = before;

    expect(started.toSorted()).toEqual(['cdc', 'sinks', 'streams']);
  });
});
