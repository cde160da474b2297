import {z} from 'zod';
import {databricksKeys} from './databricks-keys.ts';
import {duckDbKeys} from './duckdb-keys.ts';
import {oneOf} from './option.ts';
import {sinkKeys} from './sink-keys.ts';
import {snowflakeKeys} from './snowflake-keys.ts';

/** What each kind of warehouse has beside the keys of every sink. */
export const connectorKeys = {
  duckdb: duckDbKeys,
  snowflake: snowflakeKeys,
  databricks: databricksKeys,
};

export type Connector = keyof typeof connectorKeys;

const connectors = Object.keys(connectorKeys) as [Connector, ...Connector[]];

/** The key that says what the others are. */
export const connectorKey = oneOf({description: 'The kind of warehouse.'}, connectors, [
  'delta',
  'bigquery',
  'redshift',
  'postgres',
  'jdbc',
]);

/** Each kind's own section. */
export const sinkSchemas = {
  duckdb: z.strictObject({connector: z.literal('duckdb'), ...sinkKeys, ...duckDbKeys}),
  snowflake: z.strictObject({connector: z.literal('snowflake'), ...sinkKeys, ...snowflakeKeys}),
  databricks: z.strictObject({connector: z.literal('databricks'), ...sinkKeys, ...databricksKeys}),
} satisfies Readonly<Record<Connector, z.ZodObject>>;

/** One sink: the keys under `sinks.<name>`. */
export const sinkSchema = z.discriminatedUnion(
  'connector',
  [sinkSchemas.duckdb, sinkSchemas.snowflake, sinkSchemas.databricks],
  {
    error: ({code, input}) =>
      code === 'invalid_union' ? connectorMistake(input as {connector?: string}) : undefined,
  },
);

/** The keys of all kinds of sinks, for what is asked before the kind is known. */
export const anySinkSchema = z.strictObject({
  connector: connectorKey,
  ...sinkKeys,
  ...connectorKeys.duckdb,
  ...connectorKeys.snowflake,
  ...connectorKeys.databricks,
});

/** The keys of every sink. */
export const commonSinkSchema = z.strictObject({connector: connectorKey, ...sinkKeys});

/** The keys that the sink has whose `connector` says `connector`. */
export function sinkSchemaOf(connector: unknown): z.ZodObject {
  return isConnector(connector) ? sinkSchemas[connector] : anySinkSchema;
}

function isConnector(name: unknown): name is Connector {
  return typeof name === 'string' && Object.hasOwn(connectorKeys, name);
}

function connectorMistake({connector}: {readonly connector?: string}): string | undefined {
  return connectorKey.safeParse(connector).error?.issues[0]?.message;
}
