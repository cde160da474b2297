import {dirname, join, resolve} from 'node:path';
import type {KeyPath} from './mistake.ts';
import type {RawConfig} from './raw-config.ts';

/** Makes the paths of a configuration absolute: those in the file start at its folder, all others at `workingDirectory`. */
export class FilePaths {
  readonly #raw: RawConfig;
  readonly #workingDirectory: string;
  readonly #fileDirectory: string;

  constructor(raw: RawConfig, file: string | undefined, workingDirectory: string) {
    this.#raw = raw;
    this.#workingDirectory = workingDirectory;
    this.#fileDirectory = dirname(resolve(workingDirectory, file ?? 'none'));
  }

  /** The path that is the value of `key`. */
  absolute(path: string, key: KeyPath): string {
    const position = this.#raw.valuePosition(key);
    const isInFile = position !== undefined && 'line' in position;
    return resolve(isInFile ? this.#fileDirectory : this.#workingDirectory, path);
  }

  /** Where a DuckDB sink writes. */
  warehouse(sink: string, database: string | undefined, dataDirectory: string): string {
    return database === undefined
      ? join(dataDirectory, 'warehouse.duckdb')
      : this.absolute(database, ['sinks', sink, 'database']);
  }
}
