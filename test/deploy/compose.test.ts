import {readFileSync} from 'node:fs';
import {describe, expect, test} from 'vitest';
import {parse} from 'yaml';
import {runCli} from '../../src/cli.ts';
import {Secrets} from '../../src/common/secrets.ts';
import type {Config} from '../../src/config/config.ts';
import {loadConfig} from '../../src/config/load-config.ts';
import type {Role} from '../../src/service/roles.ts';

const mounted = '/etc/millrace/millrace.yaml';
const file = 'deploy/compose-millrace.yaml';

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly build?: string;
        readonly command?: readonly string[];
        readonly environment?: Readonly<Record<string, string>>;
        readonly volumes?: readonly string[];
      }
    >
  >;
}

const {services} = parse(readFileSync('compose.yaml', 'utf8'), {merge: true}) as Compose;
const ours = Object.entries(services).filter(([, {build}]) => build !== undefined);

describe('compose.yaml', () => {
  test('gives the service a configuration that it takes, with servers of the same file', () => {
    const environment = ours[0]?.[1].environment ?? {};

    const config = loadConfig({file, environment});

    const hosts = [
      ...(config.kafka?.bootstrapServers ?? []).map((server) => server.split(':')[0]),
      ...(config.schemaRegistry?.servers ?? []).map(({url}) => new URL(url).hostname),
      ...(config.sources ?? []).map(({database}) => database.hostname),
    ];
    expect(new Set(hosts)).toEqual(new Set(['kafka', 'registry', 'postgres']));
    expect(Object.keys(services)).toEqual(expect.arrayContaining(hosts));
  });

  test('runs each part of the pipeline, each once', async () => {
    const started: Role[] = [];
    const environment = process.env['POSTGRES_PASSWORD'];
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
    if (environment === undefined) delete process.env['POSTGRES_PASSWORD'];

    expect(started.toSorted()).toEqual(['cdc', 'sinks', 'streams']);
  });
});
