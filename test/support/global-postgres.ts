import type {TestProject} from 'vitest/node';
import {PostgresServer} from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Port of the one Postgres server of this test run, on 127.0.0.1; user `postgres`, no password. */
    readonly postgresPort: number;
  }
}

/** One server for all test files of a project; each test makes a database and a slot of its own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await PostgresServer.start();
  project.provide('postgresPort', server.port);
  return () => server.stop();
}
