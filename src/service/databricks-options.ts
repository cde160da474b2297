import {readFileSync} from 'node:fs';
import {FatalError, messageOf} from '../common/errors.ts';
import type {DatabricksConfig} from '../config/databricks-config.ts';
import type {DatabricksOptions} from '../sinks/databricks/databricks-client.ts';

/** The configuration, with the authorities that its file names. @throws FatalError CONFIG_INVALID */
export function databricksOptions({caLocation, ...options}: DatabricksConfig): DatabricksOptions {
  if (caLocation === undefined) return options;
  try {
    return {...options, ca: readFileSync(caLocation, 'utf8')};
  } catch (error) {
    throw new FatalError(
      'CONFIG_INVALID',
      `ssl.ca.location: ${caLocation} cannot be read: ${messageOf(error)}`,
      {cause: error},
    );
  }
}
