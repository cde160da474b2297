import {describe, expect, test} from 'vitest';
import type {ComponentStatus} from '../../src/common/component.ts';
import {statusGauges} from '../../src/monitor/status-gauges.ts';

const NOW = 1_000_000;

/** By series as Prometheus writes it. */
function gaugesOf(name: string, status: ComponentStatus): Readonly<Record<string, number>> {
  const component = {name, run: () => Promise.resolve(), status: () => status};
  return Object.fromEntries(
    statusGauges([component], NOW).map(({name: metric, labels, value}) => [
      `${metric}{${Object.values(labels).join(',')}}`,
      value,
    ]),
  );
}

describe('statusGauges', () => {
  test('has one state of each component', () => {
    expect(gaugesOf('demo workload', {state: 'retrying'})).toEqual({
      'millrace_component_state{demo workload,starting}': 0,
      'millrace_component_state{demo workload,running}': 0,
      'millrace_component_state{demo workload,retrying}': 1,
      'millrace_component_state{demo workload,stopped}': 0,
      'millrace_component_state{demo workload,failed}': 0,
    });
  });

  test('tells of a source whether it is connected and how long ago its last event was', () => {
    const status = {
      tables: {'public.a': 'x.public.a', 'public.b': 'x.public.b'},
      lastEventAt: NOW - 1500,
      incremental: {table: 'public.a', isPaused: true},
    };

    expect(gaugesOf('source camel', {state: 'running', connected: true, ...status})).toMatchObject({
      'millrace_cdc_connected{camel}': 1,
      'millrace_cdc_captured_tables{camel}': 2,
      'millrace_cdc_milliseconds_since_last_event{camel}': 1500,
      'millrace_cdc_incremental_snapshot_running{camel}': 1,
      'millrace_cdc_incremental_snapshot_paused{camel}': 1,
    });
    expect(gaugesOf('source camel', {state: 'running', connected: false, ...status})).toMatchObject(
      {
        'millrace_cdc_connected{camel}': 0,
      },
    );
  });

  test('has no time since the last event before the first', () => {
    const gauges = gaugesOf('source camel', {state: 'starting', connected: false});

    expect(Object.keys(gauges).join()).not.toContain('since_last_event');
    expect(gauges).toMatchObject({
      'millrace_cdc_incremental_snapshot_running{camel}': 0,
      'millrace_cdc_incremental_snapshot_paused{camel}': 0,
    });
  });

  test('tells of the streams the tasks, and how far inputs, restores and standbys are behind', () => {
    const gauges = gaugesOf('streams', {
      state: 'running',
      tasks: {
        '0_0': {
          state: 'running',
          offsets: {'orders-by-day-0': {offset: 5, lag: 7}, 'other-0': {offset: 0}},
        },
        '0_1': {state: 'restoring'},
      },
      restored: {'a-changelog-1': {records: 10, restored: 30, total: 100}},
      standbys: {
        'a-changelog-2': {task: '0_2', offset: 1, lag: 4},
        'b-changelog-2': {task: '0_2', offset: 1},
      },
    });

    expect(gauges).toMatchObject({
      'millrace_streams_tasks{running}': 1,
      'millrace_streams_tasks{restoring}': 1,
      'millrace_streams_tasks{standby}': 1,
      'millrace_streams_records_lag{0_0,orders-by-day,0}': 7,
      'millrace_streams_restore_remaining_records{a-changelog,1}': 70,
      'millrace_streams_standby_records_lag{a-changelog,2}': 4,
    });
    expect(Object.keys(gauges).filter((key) => key.includes('_records_lag'))).toHaveLength(2);
  });

  test('tells of a sink where its warehouse stands and how far that is behind, once that is known', () => {
    const gauges = gaugesOf('sink local', {
      state: 'running',
      partitions: {
        'orders_enriched-0': {nextOffset: 12, rowsWritten: 9, lag: 3},
        'orders_enriched-1': {nextOffset: null, rowsWritten: 0, lag: null},
      },
    });

    expect(gauges).toMatchObject({
      'millrace_sink_partitions{local}': 2,
      'millrace_sink_records_lag{local,orders_enriched,0}': 3,
      'millrace_sink_next_offset{local,orders_enriched,0}': 12,
    });
    expect(Object.keys(gauges).filter((key) => key.includes('orders_enriched'))).toHaveLength(2);
  });
});
