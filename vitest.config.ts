import {defineConfig} from 'vitest/config';

const infrastructure = ['pg', 'kafka', 'registry', 'e2e', 'soak'];

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
          include: ['test/**/*.test.ts'],
          exclude: infrastructure.map((suffix) => `test/**/*.${suffix}.test.ts`),
        },
      },
      {
        test: {
          name: 'pg',
          include: ['test/**/*.pg.test.ts'],
          globalSetup: ['test/support/global-postgres.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
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
