import {describe, expect, test} from 'vitest';
import {SnapshotReporter} from '../../../src/cdc/snapshot/snapshot-reporter.ts';
import type {SnapshotBatch} from '../../../src/cdc/replication-source.ts';
import {PromMetrics} from '../../../src/common/prom-metrics.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import {ManualClock} from '../../support/manual-clock.ts';
import {relation} from '../../support/scripted-source.ts';
import {tuple} from '../../support/tuple.ts';

function batch(rows: number, lastOfTable: boolean): SnapshotBatch {
  return {
    relation: relation({schema: 's', table: 'a'}),
    rows: Array.from({length: rows}, () => tuple([])),
    consistentPoint: 1n,
    xid: 1,
    takenAt: 0,
    firstOfTable: false,
    lastOfTable,
    firstOfSnapshot: false,
    lastOfSnapshot: lastOfTable,
  };
}

function open() {
  const clock = new ManualClock();
  const lines: string[] = [];
  const metrics = new PromMetrics();
  const logger = {...silentLogger, info: (_: object, text: string) => void lines.push(text)};
  const estimates = [
    {table: 's.a', estimatedRows: 10_000},
    {table: 's.b', estimatedRows: 0},
  ];
  return {
    clock,
    lines,
    metrics,
    reporter: new SnapshotReporter('camel', estimates, {clock, logger, metrics}),
  };
}

describe('SnapshotReporter', () => {
  test('logs the progress every ten seconds until it has ended', () => {
    const {clock, lines, reporter} = open();

    clock.advance(5_000);
    reporter.scanned(batch(2_000, false));
    clock.advance(5_000);
    reporter.scanned(batch(3_000, true));
    clock.advance(10_000);
    reporter.end('completed');
    clock.advance(60_000);

    expect(lines).toEqual([
      'snapshot: 0 of 2 tables, 2000 rows (20 %), 200 rows/s, about 40 s left',
      'snapshot: 1 of 2 tables, 5000 rows (99 %), 250 rows/s',
      'the snapshot is completed',
    ]);
  });

  test('measures under the names of Debezium', async () => {
    const {clock, metrics, reporter} = open();
    const values = async (): Promise<string[]> =>
      (await metrics.text()).split('\n').filter((line) => line.startsWith('millrace'));

    clock.advance(1_000);
    reporter.scanned(batch(2_000, false));
    reporter.scanned(batch(1_000, true));
    const during = await values();
    clock.advance(2_000);
    reporter.end('aborted');

    expect(during.toSorted()).toEqual([
      'millrace_cdc_remaining_table_count{source="camel"} 1',
      'millrace_cdc_rows_scanned{source="camel",table="s.a"} 3000',
      'millrace_cdc_snapshot_aborted{source="camel"} 0',
      'millrace_cdc_snapshot_completed{source="camel"} 0',
      'millrace_cdc_snapshot_duration_in_seconds{source="camel"} 1',
      'millrace_cdc_snapshot_running{source="camel"} 1',
      'millrace_cdc_total_table_count{source="camel"} 2',
    ]);
    expect(await values()).toEqual(
      expect.arrayContaining([
        'millrace_cdc_snapshot_aborted{source="camel"} 1',
        'millrace_cdc_snapshot_duration_in_seconds{source="camel"} 3',
        'millrace_cdc_snapshot_running{source="camel"} 0',
      ]),
    );
  });
});
