import {defineConfig} from 'vitest/config';
import type {TestProjectConfiguration} from 'vitest/config';
import type {PostgresMajor} from './test/support/postgres.ts';

const infrastructure = ['pg', 'pg15', 'pg18', 'kafka', 'registry', 'e2e', 'soak'];

/**
 * Every `.pg.test.ts` against one version of Postgres: the oldest and the newest differ in what logical replication does.
 * `.pg15.test.ts` and `.pg18.test.ts` are of what only the one of them does.
 */
function pgProject(postgresMajor: PostgresMajor, exclude: string[] = []): TestProjectConfiguration {
  return {
    test: {
      name: `pg${postgresMajor}`,
      include: ['test/**/*.pg.test.ts', `test/**/*.pg${postgresMajor}.test.ts`],
      exclude,
      globalSetup: ['test/support/global-postgres.ts'],
      provide: {postgresMajor},
      testTimeout: 60_000,
      hookTimeout: 60_000,
    },
  };
}

/**
 * A test's suffix says what it needs: `.test.ts` nothing, `.pg.test.ts` a real Postgres, `.kafka.test.ts` a real Kafka,
 * `.registry.test.ts` a real schema registry, `.e2e.test.ts` the built service, `.soak.test.ts` the time for it
 * (vitest.soak.config.ts).
 */
export default defineConfig({
  test: {
    // On two cores vitest would take one.
    maxWorkers: 2,
    reporters: ['default', './test/support/summary-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          isolate: false,
          // What has no time of its own takes some two seconds at most on two quiet cores, and five beside other work; what hangs is noticed all the same.
          testTimeout: 30_000,
          hookTimeout: 30_000,
          setupFiles: ['test/support/loopback-only.ts'],
          include: ['test/**/*.test.ts'],
          exclude: infrastructure.map((suffix) => `test/**/*.${suffix}.test.ts`),
        },
      },
      // The demo brings its own server, whichever one is here.
      pgProject(15, ['test/demo/**']),
      pgProject(18),
      {
        test: {
          name: 'kafka',
          include: ['test/**/*.kafka.test.ts'],
          globalSetup: ['test/support/global-kafka.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'registry',
          include: ['test/**/*.registry.test.ts'],
          globalSetup: ['test/support/global-registry.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/**/*.e2e.test.ts'],
          globalSetup: ['test/support/global-build.ts', 'test/support/global-postgres.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
