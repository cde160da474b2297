import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Config} from '../../src/config/config.ts';
import {loadConfig} from '../../src/config/load-config.ts';
import type {Environment} from '../../src/config/substitute-environment.ts';
import {FatalError} from '../../src/common/errors.ts';

/** A folder of its own with a `millrace.yaml`, as the service is started in. */
export class ConfigFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'millrace-config-'));

  /** The configuration that `yaml` and the environment describe. */
  load(yaml: string, environment: Environment = {}): Config {
    writeFileSync(join(this.path, 'millrace.yaml'), yaml);
    return loadConfig({environment, workingDirectory: this.path});
  }

  /** The lines with which `yaml` is refused, without the file's name; none where it is not refused. */
  mistakes(yaml: string, environment: Environment = {}): readonly string[] {
    try {
      this.load(yaml, environment);
      return [];
    } catch (error) {
      if (!(error instanceof FatalError) || error.code !== 'CONFIG_INVALID') throw error;
      return error.message.split('\n').map((line) => line.replace(/^millrace\.yaml:/, ''));
    }
  }

  remove(): void {
    rmSync(this.path, {recursive: true, force: true});
  }
}

/** The keys that a source has to have. */
export const sourceLines = [
  'database.hostname: db',
  'database.dbname: shop',
  'database.user: reader',
  'database.password: secret',
  'topic.prefix: postgres',
  'slot.name: camel',
] as const;

/** The keys that a sink has to have. */
export const sinkLines = ['connector: duckdb', 'topics: orders_enriched'] as const;

/** The keys that a schema registry has to have. */
const registryLines = ['url: http://registry:8081'] as const;

/**
 * A file with one source `a` and one sink `b` that have what they need, and these lines in place of others; a schema
 * registry where there are lines for it.
 */
export function yamlWith({
  top = [],
  source = [],
  sink = [],
  registry,
}: {
  readonly top?: readonly string[];
  readonly source?: readonly string[];
  readonly sink?: readonly string[];
  readonly registry?: readonly string[];
}): string {
  return [
    ...top,
    'sources:',
    '  a:',
    ...replaced(sourceLines, source).map((line) => `    ${line}`),
    'sinks:',
    '  b:',
    ...replaced(sinkLines, sink).map((line) => `    ${line}`),
    ...(registry === undefined ? [] : ['schema.registry:']),
    ...replaced(registry === undefined ? [] : registryLines, registry ?? []).map(
      (line) => `  ${line}`,
    ),
    '',
  ].join('\n');
}

function replaced(lines: readonly string[], by: readonly string[]): readonly string[] {
  const keys = new Set(by.map(keyOf));
  return [...by, ...lines.filter((line) => !keys.has(keyOf(line)))];
}

function keyOf(line: string): string {
  return line.slice(0, line.indexOf(':'));
}
