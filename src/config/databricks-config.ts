import {join} from 'node:path';
import type {z} from 'zod';
import type {FilePaths} from './file-paths.ts';
import type {sinkSchemas} from './sink-schema.ts';

/** The keys of a Databricks sink, as the schema has read them. */
export type DatabricksKeys = z.output<typeof sinkSchemas.databricks>;

/** A SQL warehouse of Databricks, who loads there, and where to. */
export interface DatabricksConfig {
  readonly host: string;
  readonly port: number;
  readonly httpPath: string;
  readonly login:
    | {readonly kind: 'token'; readonly token: string}
    | {readonly kind: 'oauth'; readonly clientId: string; readonly clientSecret: string};
  readonly catalog: string;
  readonly schema: string;
  readonly volume: string;
  /** Path of a PEM file with further authorities to trust. */
  readonly caLocation: string | undefined;
  readonly requestTimeoutMs: number;
  /** Where files lie on their way to the volume. */
  readonly stagingDirectory: string;
}

/** What the checked keys of a sink mean. */
export function databricksConfig(
  name: string,
  keys: DatabricksKeys,
  {paths, dataDirectory}: {readonly paths: FilePaths; readonly dataDirectory: string},
): DatabricksConfig {
  const ca = keys['ssl.ca.location'];
  return {
    host: keys.host,
    port: keys.port,
    httpPath: keys['http.path'],
    // One of the two is there: `checkDatabricks` has seen to it.
    login:
      keys.token === undefined
        ? {
            kind: 'oauth',
            clientId: keys['oauth.client.id'] ?? '',
            clientSecret: keys['oauth.client.secret'] ?? '',
          }
        : {kind: 'token', token: keys.token},
    catalog: keys.catalog,
    schema: keys.schema ?? 'default',
    volume: keys.volume.replace(/\/$/, ''),
    caLocation:
      ca === undefined ? undefined : paths.absolute(ca, ['sinks', name, 'ssl.ca.location']),
    requestTimeoutMs: keys['request.timeout.ms'],
    stagingDirectory: join(dataDirectory, 'staging', name),
  };
}
