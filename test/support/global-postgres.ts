import type {ProvidedContext} from 'vitest';
import type {TestProject} from 'vitest/node';
import {NEWEST_POSTGRES, PostgresServer} from './postgres.ts';
import type {PostgresMajor} from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Port of the one Postgres server of this test run, on 127.0.0.1; user `postgres`, no password. */
    readonly postgresPort: number;
    /** Its version: what the project asks for, else `SOAK_POSTGRES`, else the newest. */
    readonly postgresMajor: PostgresMajor;
  }
}

/** One server for all test files of a project; each test makes a database and a slot of its own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const asked: Partial<ProvidedContext> = project.getProvidedContext();
  const wanted = process.env['SOAK_POSTGRES'] === '15' ? 15 : NEWEST_POSTGRES;
  const major = asked.postgresMajor ?? wanted;
  const server = await PostgresServer.start({major});
  project.provide('postgresMajor', major);
  project.provide('postgresPort', server.port);
  return () => server.stop();
}
