import {z} from 'zod';
import type {Component, ComponentState} from '../common/component.ts';
import type {GaugeName, GaugeSample, LabelsOf} from '../common/metrics.ts';

const sourceStatus = z.looseObject({
  connected: z.boolean(),
  tables: z.record(z.string(), z.string()).optional(),
  /** Milliseconds since 1970. */
  lastEventAt: z.number().optional(),
  incremental: z.looseObject({isPaused: z.boolean()}).optional(),
});

const lagging = z.looseObject({lag: z.number().nullish()});

const streamsStatus = z.looseObject({
  tasks: z
    .record(
      z.string(),
      z.looseObject({
        state: z.enum(['running', 'restoring']),
        offsets: z.record(z.string(), lagging).optional(),
      }),
    )
    .optional(),
  restored: z
    .record(z.string(), z.looseObject({restored: z.number(), total: z.number()}))
    .optional(),
  standbys: z.record(z.string(), lagging.extend({task: z.string()})).optional(),
});

const sinkStatus = z.looseObject({
  partitions: z.record(z.string(), lagging.extend({nextOffset: z.number().nullable()})).optional(),
});

const states: readonly ComponentState[] = ['starting', 'running', 'retrying', 'stopped', 'failed'];

/** The gauges that are in what the components say of themselves, as of `now` (milliseconds since 1970). */
export function statusGauges(
  components: readonly Component[],
  now: number,
): readonly GaugeSample[] {
  return components.flatMap((component) => {
    const status = component.status();
    const {name} = component;
    const own = states.map((state) =>
      sample('millrace_component_state', {component: name, state}, Number(state === status.state)),
    );
    const at = name.indexOf(' ');
    const [role, instance] = at < 0 ? [name, ''] : [name.slice(0, at), name.slice(at + 1)];
    if (role === 'source') return [...own, ...sourceGauges(instance, status, now)];
    if (role === 'streams') return [...own, ...streamsGauges(status)];
    return role === 'sink' ? [...own, ...sinkGauges(instance, status)] : own;
  });
}

function sourceGauges(
  source: string,
  status: ReturnType<Component['status']>,
  now: number,
): readonly GaugeSample[] {
  const {connected, tables = {}, lastEventAt, incremental} = sourceStatus.parse(status);
  const labels = {source};
  return [
    sample('millrace_cdc_connected', labels, Number(connected)),
    sample('millrace_cdc_captured_tables', labels, Object.keys(tables).length),
    sample('millrace_cdc_incremental_snapshot_running', labels, Number(incremental !== undefined)),
    sample(
      'millrace_cdc_incremental_snapshot_paused',
      labels,
      Number(incremental?.isPaused === true),
    ),
    ...(lastEventAt === undefined
      ? []
      : [
          sample(
            'millrace_cdc_milliseconds_since_last_event',
            labels,
            Math.max(0, now - lastEventAt),
          ),
        ]),
  ];
}

function streamsGauges(status: ReturnType<Component['status']>): readonly GaugeSample[] {
  const {tasks = {}, restored = {}, standbys = {}} = streamsStatus.parse(status);
  const count = (state: string): number =>
    Object.values(tasks).filter((task) => task.state === state).length;
  const warm = new Set(Object.values(standbys).map(({task}) => task));
  return [
    sample('millrace_streams_tasks', {state: 'running'}, count('running')),
    sample('millrace_streams_tasks', {state: 'restoring'}, count('restoring')),
    sample('millrace_streams_tasks', {state: 'standby'}, warm.size),
    ...Object.entries(tasks).flatMap(([task, {offsets = {}}]) =>
      Object.entries(offsets).flatMap(([name, {lag}]) =>
        known(lag).map((value) =>
          sample('millrace_streams_records_lag', {task, ...topicPartition(name)}, value),
        ),
      ),
    ),
    ...Object.entries(restored).map(([name, {restored: done, total}]) =>
      sample('millrace_streams_restore_remaining_records', topicPartition(name), total - done),
    ),
    ...Object.entries(standbys).flatMap(([name, {lag}]) =>
      known(lag).map((value) =>
        sample('millrace_streams_standby_records_lag', topicPartition(name), value),
      ),
    ),
  ];
}

function sinkGauges(sink: string, status: ReturnType<Component['status']>): readonly GaugeSample[] {
  const {partitions = {}} = sinkStatus.parse(status);
  return [
    sample('millrace_sink_partitions', {sink}, Object.keys(partitions).length),
    ...Object.entries(partitions).flatMap(([name, {lag, nextOffset}]) => {
      const labels = {sink, ...topicPartition(name)};
      return [
        ...known(lag).map((value) => sample('millrace_sink_records_lag', labels, value)),
        ...known(nextOffset).map((value) => sample('millrace_sink_next_offset', labels, value)),
      ];
    }),
  ];
}

function sample<N extends GaugeName>(name: N, labels: LabelsOf<N>, value: number): GaugeSample {
  return {name, labels, value};
}

function known(value: number | null | undefined): readonly number[] {
  return typeof value === 'number' ? [value] : [];
}

/** Of `topic-partition`. */
function topicPartition(name: string): {readonly topic: string; readonly partition: string} {
  const at = name.lastIndexOf('-');
  return {topic: name.slice(0, at), partition: name.slice(at + 1)};
}
