import type {Reporter, TestModule, TestRunEndReason} from 'vitest/node';

/** Ends the output with one line that any tool can read: `N passed, N failed, N skipped`. */
class SummaryReporter implements Reporter {
  onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly unknown[],
    reason: TestRunEndReason,
  ): void {
    const count = {passed: 0, failed: errors.length, skipped: 0, pending: 0};
    for (const module of modules) {
      if (module.state() === 'failed' && [...module.children.allTests()].length === 0)
        count.failed++;
      for (const test of module.children.allTests()) count[test.result().state]++;
    }
    // A setup that failed has run no test and left no error here.
    if (reason === 'failed' && count.failed === 0) count.failed = 1;
    process.on('exit', () => {
      process.stdout.write(
        `\n${count.passed} passed, ${count.failed} failed, ${count.skipped + count.pending} skipped\n`,
      );
    });
  }
}

// Vitest loads a reporter by its module's default export.
// oxlint-disable-next-line import/no-default-export
export default SummaryReporter;
