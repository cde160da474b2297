import {defineConfig} from 'vitest/config';

/** Long runs, which are no part of `npm test`; with `SOAK_POSTGRES=15` against the oldest Postgres in place of the newest. */
export default defineConfig({
  test: {
    reporters: ['default', './test/support/summary-reporter.ts'],
    include: ['test/**/*.soak.test.ts', 'test/e2e/peers.kafka.e2e.test.ts'],
    globalSetup: ['test/support/global-build.ts', 'test/support/global-postgres.ts'],
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
