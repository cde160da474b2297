import {FatalError} from '../common/errors.ts';
import type {Config} from '../config/config.ts';
import type {SourceConfig} from '../config/source-config.ts';

/**
 * The source that a command is about: that of the name, or the only one there is.
 *
 * @throws FatalError CONFIG_INVALID
 */
export function chosenSource({sources}: Config, name: string | undefined): SourceConfig {
  if (sources === undefined)
    throw new FatalError(
      'CONFIG_INVALID',
      'the configuration names no sources; the databases of the demo are gone when it stops. Name yours under `sources:`',
    );
  const names = sources.map((source) => source.name);
  const found = name === undefined ? sources : sources.filter((source) => source.name === name);
  const [source, ...others] = found;
  if (source === undefined)
    throw new FatalError(
      'CONFIG_INVALID',
      `--source ${String(name)}: there is no such source; there are ${names.join(', ')}`,
    );
  if (others.length > 0)
    throw new FatalError(
      'CONFIG_INVALID',
      `say which with --source: there are ${names.join(', ')}`,
    );
  return source;
}
