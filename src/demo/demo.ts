import {join} from 'node:path';
import type {Clock} from '../common/clock.ts';
import type {Component} from '../common/component.ts';
import type {Logger} from '../common/logger.ts';
import {makeDemoDatabases} from './demo-databases.ts';
import type {DemoServer} from './demo-databases.ts';
import {DemoWorkload} from './demo-workload.ts';
import {PostgresServer} from './postgres-server.ts';

/** A running Postgres with two databases, whose shop is open. */
export interface Demo {
  readonly server: DemoServer;
  readonly sources: readonly DemoSource[];
  readonly components: readonly Component[];
  /** After the components have ended. */
  stop(): Promise<void>;
}

/** A source as the configuration would name it. */
export interface DemoSource {
  readonly name: string;
  readonly database: {
    readonly hostname: string;
    readonly port: number;
    readonly dbname: string;
    readonly user: string;
    readonly password: string;
    readonly sslmode: 'disable';
  };
  readonly topicPrefix: string;
  readonly slotName: string;
  readonly publicationName: string;
  readonly capture: {readonly tableIncludeList: readonly string[]};
  readonly afterStateOnly: boolean;
  readonly keyFormat: 'JSON_SR' | 'JSON';
  readonly valueFormat: 'JSON_SR' | 'JSON';
}

/**
 * Starts the embedded Postgres below `dataDirectory`; the first time with generated rows.
 *
 * @throws FatalError POSTGRES_START_FAILED
 */
export async function startDemo(
  dataDirectory: string,
  deps: {readonly clock: Clock; readonly logger: Logger},
): Promise<Demo> {
  const server = await PostgresServer.start(join(dataDirectory, 'postgres'), deps.clock);
  try {
    await makeDemoDatabases(server);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    server,
    sources: demoSources(server),
    components: [server, new DemoWorkload(server, deps)],
    stop: () => server.stop(),
  };
}

function demoSources({port, user, password}: DemoServer): readonly DemoSource[] {
  const source = (
    dbname: string,
    slotName: string,
    tableIncludeList: readonly string[],
    formats: Pick<DemoSource, 'afterStateOnly' | 'keyFormat' | 'valueFormat'>,
  ): DemoSource => ({
    name: dbname,
    database: {hostname: '127.0.0.1', port, dbname, user, password, sslmode: 'disable'},
    topicPrefix: 'postgres',
    slotName,
    publicationName: `millrace_${slotName}`,
    capture: {tableIncludeList},
    ...formats,
  });
  return [
    source('customers', 'camel', ['customers.customers', 'customers.demographics'], {
      afterStateOnly: false,
      keyFormat: 'JSON_SR',
      valueFormat: 'JSON_SR',
    }),
    source('products', 'turtle', ['products.products', 'products.orders'], {
      afterStateOnly: true,
      keyFormat: 'JSON',
      valueFormat: 'JSON_SR',
    }),
  ];
}
