import {pathText} from './mistake.ts';
import type {KeyPath} from './mistake.ts';

/**
 * The environment variable that sets a key: `MILLRACE_` and the path in capitals, everything but letters and digits as
 * `_`. `sources.customers.database.port` is `MILLRACE_SOURCES_CUSTOMERS_DATABASE_PORT`.
 */
export function variableName(path: KeyPath): string {
  return `MILLRACE_${pathText(path)
    .replaceAll(/[^A-Za-z0-9]/g, '_')
    .toUpperCase()}`;
}
