import {array, assert, asyncProperty, constantFrom, integer, record} from 'fast-check';
import {describe, expect, test} from 'vitest';
import {metricHelp} from '../../src/common/metrics.ts';
import {PromMetrics} from '../../src/common/prom-metrics.ts';
import {parsePrometheusText} from '../support/prometheus-text.ts';
import type {Family} from '../support/prometheus-text.ts';

/** What Prometheus reads. */
async function scrape(metrics: PromMetrics): Promise<readonly Family[]> {
  return parsePrometheusText(await metrics.text());
}

const latency = 'millrace_end_to_end_latency_seconds';
const batchTime = 'millrace_sink_put_batch_seconds';

describe('PromMetrics', () => {
  test('has nothing to say before something happened', async () => {
    expect(await scrape(new PromMetrics())).toEqual([]);
  });

  test('adds up counters by their labels', async () => {
    const metrics = new PromMetrics();
    metrics.count('millrace_sink_rows_total', {sink: 'a', topic: 't'});
    metrics.count('millrace_sink_rows_total', {sink: 'a', topic: 't'}, 41);
    metrics.count('millrace_sink_rows_total', {topic: 't', sink: 'b'}, 7);

    const [family] = await scrape(metrics);

    expect(family).toMatchObject({name: 'millrace_sink_rows_total', type: 'counter'});
    expect(family?.samples).toEqual([
      {name: 'millrace_sink_rows_total', labels: {sink: 'a', topic: 't'}, value: 42},
      {name: 'millrace_sink_rows_total', labels: {sink: 'b', topic: 't'}, value: 7},
    ]);
  });

  test('keeps the last value of a gauge', async () => {
    const metrics = new PromMetrics();
    metrics.gauge('millrace_cdc_milliseconds_behind_source', {source: 'a'}, 5);
    metrics.gauge('millrace_cdc_milliseconds_behind_source', {source: 'a'}, -0.5);

    const [family] = await scrape(metrics);

    expect(family?.type).toBe('gauge');
    expect(family?.samples).toEqual([
      {name: 'millrace_cdc_milliseconds_behind_source', labels: {source: 'a'}, value: -0.5},
    ]);
  });

  test('writes what each metric means', async () => {
    const metrics = new PromMetrics();
    const names = [
      'millrace_sink_rows_total',
      'millrace_cdc_milliseconds_behind_source',
      latency,
    ] as const;
    metrics.count(names[0], {});
    metrics.gauge(names[1], {}, 1);
    metrics.observe(names[2], {}, 1);

    expect(await scrape(metrics)).toMatchObject(
      names.map((name) => ({name, help: metricHelp[name]})),
    );
  });

  test('keeps any label value', async () => {
    const letters = constantFrom(
      '"',
      '\\',
      '\n',
      'n',
      '\\n',
      '{',
      '}',
      ',',
      '=',
      '#',
      ' ',
      'ä',
      '💧',
    );
    const values = array(letters, {maxLength: 8}).map((parts) => parts.join(''));

    await assert(
      asyncProperty(values, async (value) => {
        const metrics = new PromMetrics();
        metrics.count('millrace_cdc_events_total', {table: value});
        metrics.gauge('millrace_cdc_milliseconds_behind_source', {source: value}, 1);
        metrics.observe(latency, {sink: value}, 1);

        const families = await scrape(metrics);

        expect(families).toHaveLength(3);
        for (const {labels} of families.flatMap(({samples}) => samples))
          expect(labels['table'] ?? labels['source'] ?? labels['sink']).toBe(value);
      }),
    );
  });

  test('counts observations up to each bound, and sums them', async () => {
    const metrics = new PromMetrics();
    metrics.observe(latency, {sink: 'a'}, 0.001);
    metrics.observe(latency, {sink: 'a'}, 0.0011, 2);
    metrics.observe(latency, {sink: 'a'}, 61);
    metrics.observe(latency, {sink: 'b'}, 5);

    const [{type, samples} = {type: '', samples: []}] = await scrape(metrics);

    expect(type).toBe('histogram');
    const at = (le: string) =>
      samples.find(({labels}) => labels['sink'] === 'a' && labels['le'] === le)?.value;
    expect([at('0.001'), at('0.002'), at('60'), at('+Inf')]).toEqual([1, 3, 3, 4]);
    const totals = samples.filter(({labels}) => !('le' in labels) && labels['sink'] === 'a');
    expect(totals.map(({name}) => name)).toEqual([`${latency}_sum`, `${latency}_count`]);
    expect(totals[0]?.value).toBeCloseTo(61.0032, 10);
    expect(totals[1]?.value).toBe(4);
  });

  test('has cumulative buckets in ascending order that end in the count', async () => {
    const observations = array(
      record({
        value: integer({min: -10, max: 70_000}).map((n) => n / 1000),
        count: integer({min: 1, max: 5}),
      }),
    );

    await assert(
      asyncProperty(observations, async (all) => {
        const metrics = new PromMetrics();
        metrics.observe(latency, {sink: 'a'}, 1);
        for (const {value, count} of all) metrics.observe(latency, {sink: 'a'}, value, count);

        const [{samples} = {samples: []}] = await scrape(metrics);

        const buckets = samples.filter(({name}) => name === `${latency}_bucket`);
        const bounds = buckets.map(({labels}) => Number(labels['le']?.replace('+Inf', 'Infinity')));
        expect(bounds).toEqual([...new Set(bounds)].toSorted((a, b) => a - b));
        expect(bounds.at(-1)).toBe(Infinity);
        const values = [{value: 1, count: 1}, ...all];
        expect(buckets.map(({value}) => value)).toEqual(
          bounds.map((bound) =>
            values.reduce((sum, {value, count}) => sum + (value <= bound ? count : 0), 0),
          ),
        );
        const total = samples.find(({name}) => name === `${latency}_count`);
        expect(total?.value).toBe(buckets.at(-1)?.value);
      }),
    );
  });

  test('asks collectors at each reading, and drops what they do not tell any more', async () => {
    const metrics = new PromMetrics();
    const name = 'millrace_sink_records_lag' as const;
    const series = (partition: string, value: number) => ({
      name,
      labels: {sink: 'a', topic: 't', partition},
      value,
    });
    let told = [series('0', 3), series('1', 4)];
    metrics.collect(async () => told);
    metrics.collect(async () => [
      {name: 'millrace_streams_store_bytes', labels: {task: '0_0', store: 's'}, value: 9},
    ]);

    const before = await scrape(metrics);
    told = [series('1', 0)];
    const after = await scrape(metrics);

    const samplesOf = (families: readonly Family[]) =>
      families.find((family) => family.name === name)?.samples;
    expect(samplesOf(before)).toEqual([series('0', 3), series('1', 4)]);
    expect(samplesOf(after)).toEqual([series('1', 0)]);
    expect(after.map((family) => family.name)).toContain('millrace_streams_store_bytes');
  });

  test('takes no label that the metric does not have', () => {
    const metrics = new PromMetrics();

    expect(() => metrics.count('millrace_sink_rows_total', {sink: 'a', rows: '1'})).toThrow(
      'no label rows',
    );
  });

  test('has what prom-client knows of the process, once asked', async () => {
    const metrics = new PromMetrics();
    metrics.collectProcess();

    const names = (await scrape(metrics)).map(({name}) => name);

    expect(names).toEqual(
      expect.arrayContaining([
        'process_cpu_seconds_total',
        'process_resident_memory_bytes',
        'process_start_time_seconds',
        'nodejs_eventloop_lag_p99_seconds',
        'nodejs_heap_size_used_bytes',
      ]),
    );
  });

  test('takes labels in any order for the same series', async () => {
    const metrics = new PromMetrics();
    metrics.observe(batchTime, {sink: 'a', topic: 't'}, 1);
    metrics.observe(batchTime, {topic: 't', sink: 'a'}, 1);
    metrics.count('millrace_sink_rows_total', {sink: 'a', topic: 't'});
    metrics.count('millrace_sink_rows_total', {topic: 't', sink: 'a'});

    const [rows, times] = await scrape(metrics);

    expect(rows?.samples.map(({value}) => value)).toEqual([2]);
    expect(times?.samples.find(({name}) => name === `${batchTime}_count`)?.value).toBe(2);
  });

  test('counts on where somebody has looked in between', async () => {
    const metrics = new PromMetrics();
    metrics.count('millrace_sink_rows_total', {sink: 'a', topic: 't'}, 2);
    const before = await metrics.samples('millrace_sink_rows_total');
    metrics.count('millrace_sink_rows_total', {sink: 'a', topic: 't'}, 3);
    metrics.count('millrace_sink_rows_total', {sink: 'b', topic: 't'}, 4);

    const [{samples} = {samples: []}] = await scrape(metrics);

    expect(before.map(({value}) => value)).toEqual([2]);
    expect(samples.map(({value}) => value)).toEqual([5, 4]);
  });
});
