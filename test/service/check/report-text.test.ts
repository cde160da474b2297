import {describe, expect, test} from 'vitest';
import {failed, ok, skipped, warning} from '../../../src/common/check-result.ts';
import {reportJson, reportText} from '../../../src/service/check/report-text.ts';

const components = [
  {component: 'data.dir', results: [ok('directory', '/data')]},
  {
    component: 'source camel',
    results: [
      failed('wal_level', 'replica in place of\n logical', {
        remedy: 'run, then restart',
        commands: ['ALTER SYSTEM SET wal_level = logical;', 'SELECT 1;'],
      }),
      warning('tables', 'nothing matches x', {remedy: 'check the names'}),
      skipped('replication connection', ''),
    ],
  },
];

describe('reportText', () => {
  test('is one table, with the remedy below what is not in order', () => {
    expect(reportText(components, false)).toBe(
      [
        'ok       data.dir      directory               /data',
        'failed   source camel  wal_level               replica in place of logical',
        '                       -> run, then restart:',
        '                            ALTER SYSTEM SET wal_level = logical;',
        '                            SELECT 1;',
        'warning  source camel  tables                  nothing matches x',
        '                       -> check the names',
        'skipped  source camel  replication connection',
        '',
        '1 failed, 1 warning, 1 ok, 1 skipped',
        '',
      ].join('\n'),
    );
  });

  test('has no colours but for a terminal', () => {
    expect(reportText(components, false)).not.toContain('\u001B');
    expect(reportText(components, true)).toContain('\u001B[31mfailed \u001B[39m');
  });
});

describe('reportJson', () => {
  test('has every result with its component', () => {
    expect(JSON.parse(reportJson(components))).toEqual({
      failed: 1,
      warnings: 1,
      results: components.flatMap(({component, results}) =>
        results.map((result) => ({component, ...result})),
      ),
    });
  });
});
