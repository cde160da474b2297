import {existsSync, readFileSync} from 'node:fs';
import {resolve} from 'node:path';
import {FatalError, messageOf} from '../common/errors.ts';
import {checkConfig} from './check-config.ts';
import type {Config} from './config.ts';
import {readEnvironment} from './environment-variables.ts';
import {mistakeLines} from './mistake.ts';
import {RawConfig} from './raw-config.ts';
import {readYaml} from './read-yaml.ts';
import type {Environment} from './substitute-environment.ts';

export interface ConfigSource {
  /** Path of the YAML file, which has to exist. Without it `millrace.yaml` is taken where it exists. */
  readonly file?: string | undefined;
  /** Values from the command line, by key; they win over the environment, which wins over the file. */
  readonly options?: Readonly<Record<string, string>>;
  readonly environment?: Environment;
  readonly workingDirectory?: string;
}

/**
 * Reads and checks the configuration: file, `MILLRACE_…` variables, command line.
 *
 * @throws FatalError CONFIG_INVALID with every mistake on a line of its own, and never a secret's value.
 */
export function loadConfig(from: ConfigSource = {}): Config {
  const environment = from.environment ?? process.env;
  const workingDirectory = from.workingDirectory ?? process.cwd();
  const file = from.file ?? defaultFile(workingDirectory);
  const raw = new RawConfig();
  if (file !== undefined)
    readYaml(readText(resolve(workingDirectory, file), file), environment, raw);
  readEnvironment(environment, raw);
  for (const [key, value] of Object.entries(from.options ?? {}))
    raw.replace([key], value, `--${key}`);
  const config = checkConfig(raw, file, workingDirectory);
  if (config === undefined)
    throw new FatalError('CONFIG_INVALID', mistakeLines(file, raw.mistakes).join('\n'));
  return config;
}

function defaultFile(workingDirectory: string): string | undefined {
  return existsSync(resolve(workingDirectory, 'millrace.yaml')) ? 'millrace.yaml' : undefined;
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new FatalError(
      'CONFIG_INVALID',
      missing
        ? `${name}: there is no such file; name it with --config, or leave the option out to run the embedded demo`
        : `${name}: cannot be read: ${messageOf(error)}`,
    );
  }
}
