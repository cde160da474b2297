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
  readonly environment?: Environment;
  readonly workingDirectory?: string;
}

/**
 * Reads and checks the configuration: the file, and `MILLRACE_…` variables, which win.
 *
 * @throws FatalError CONFIG_INVALID with every mistake on a line of its own, and never a secret's value.
 */
export function loadConfig(from: ConfigSource = {}): Config {
  const environment = from.environment ?? process.env;
  const workingDirectory = from.workingDirectory ?? process.cwd();
  const file = from.file ?? defaultFile(workingDirectory);
  const raw = new RawConfig();
  const readable =
    file === undefined ||
    readYaml(readText(resolve(workingDirectory, file), file), environment, raw);
  if (readable) readEnvironment(environment, raw);
  const config = readable ? checkConfig(raw, file, workingDirectory) : undefined;
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
        ? `${name}: there is no such file; give --config the path of one, or leave it out to run the embedded demo`
        : `${name}: cannot be read: ${messageOf(error)}`,
    );
  }
}
