import {readFileSync} from 'node:fs';
import {beforeAll, describe, expect, test} from 'vitest';
import {PromMetrics} from '../../src/common/prom-metrics.ts';
import {parsePrometheusText} from '../support/prometheus-text.ts';
import {alertRules} from './alert-rules.ts';
import {grafanaDashboard} from './grafana-dashboard.ts';
import {declaredSeries, resultLabels, scrapedSeries, unknownNames} from './named-metrics.ts';

let series: ReturnType<typeof declaredSeries>;
beforeAll(async () => {
  const metrics = new PromMetrics();
  metrics.collectProcess();
  const process = scrapedSeries(parsePrometheusText(await metrics.text()));
  // Has no series before the first collection.
  const collection = ['nodejs_gc_duration_seconds_sum', new Set(['kind', 'instance'])] as const;
  series = new Map([collection, ...process, ...declaredSeries()]);
});

const rules = alertRules();
const {panels, targets, variables} = grafanaDashboard();

/** Labels that a text names as Grafana, or as Prometheus does. */
const namedLabels = (text: string): readonly string[] =>
  [...text.matchAll(/\{\{ *(?:\$labels\.)?([a-z_]+) *\}\}/g)].map(([, label]) => label ?? '');

describe('unknownNames', () => {
  test.each([
    ['rate(millrace_sink_row_total[5m])', ['millrace_sink_row_total']],
    ['millrace_sink_rows_total{sinks="a"}', ['millrace_sink_rows_total{sinks}']],
    ['sum by (source) (millrace_sink_rows_total)', ['millrace_sink_rows_total by source']],
    ['millrace_end_to_end_latency_seconds', ['millrace_end_to_end_latency_seconds']],
    [
      'sum by (le) (millrace_end_to_end_latency_seconds_count)',
      ['millrace_end_to_end_latency_seconds_count by le'],
    ],
    [
      'millrace_ready and on (source) millrace_info',
      ['millrace_ready by source', 'millrace_info by source'],
    ],
    ['sum by (sink, topic) (rate(millrace_sink_rows_total{instance="a"}[5m])) > 0', []],
  ])('finds what is wrong in %s', (expr, wrong) => {
    expect(unknownNames(expr, series)).toEqual(wrong);
  });

  test.each([
    'sum by (sink (millrace_ready)',
    'rate(millrace_ready[5 minutes])',
    'millrace_ready >',
  ])('refuses %s', (expr) => {
    expect(() => unknownNames(expr, series)).toThrow('PromQL');
  });
});

describe('deploy/alerts.yaml', () => {
  test.each(rules.map(({alert, expr}) => [alert, expr]))(
    '%s asks for metrics that exist',
    (_, expr) => {
      expect(unknownNames(expr, series)).toEqual([]);
    },
  );

  test('has each alert once, and texts that name only labels which their alert has', () => {
    expect(new Set(rules.map(({alert}) => alert)).size).toBe(rules.length);
    const wrong = rules.flatMap(({alert, expr, annotations}) => {
      const labels = resultLabels(expr, series);
      return namedLabels(Object.values(annotations).join())
        .filter((label) => !labels.has(label))
        .map((label) => `${alert}: ${label}`);
    });
    expect(wrong).toEqual([]);
  });

  test('says what to do, without links', () => {
    const texts = rules.flatMap(({annotations}) => Object.values(annotations));

    expect(texts.filter((text) => /https?:|www\.|\]\(/.test(text))).toEqual([]);
  });

  test('names code and subject of each condition that is an error', () => {
    const rule = rules.find(({alert}) => alert === 'MillraceCondition');

    expect(rule?.for).toBe('1m');
    expect(rule?.annotations.summary).toMatch(/\$labels\.code.*\$labels\.subject/);
  });

  test.each([
    [
      'an unknown field',
      'Unrecognized key',
      (text: string) => text.replace('        for: 1m', '        fro: 1m'),
    ],
    [
      'a duration',
      'must match pattern',
      (text: string) => text.replace('for: 1m', 'for: 1 minute'),
    ],
    ['an alert without a remedy', 'remedy', (text: string) => text.replace(/ +remedy: .*\n/, '')],
  ])('is not taken with %s that is wrong', (_, message, spoil) => {
    const text = readFileSync('deploy/alerts.yaml', 'utf8');

    expect(spoil(text)).not.toBe(text);
    expect(() => alertRules(spoil(text))).toThrow(message);
  });
});

describe('deploy/grafana.json', () => {
  test.each(targets.map(({panel, expr}) => [panel, expr]))(
    '%s asks for metrics that exist: %s',
    (_, expr) => {
      expect(unknownNames(expr, series)).toEqual([]);
    },
  );

  test('has legends that name only labels which their series have', () => {
    const wrong = targets.flatMap(({panel, expr, legend}) =>
      namedLabels(legend)
        .filter((label) => !resultLabels(expr, series).has(label))
        .map((label) => `${panel}: ${label}`),
    );
    expect(wrong).toEqual([]);
  });

  test('has each id once, and no panel over another', () => {
    expect(new Set(panels.map(({id}) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({gridPos: {x, y, w, h}}) =>
      Array.from({length: w * h}, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });

  test('has a row for each stage, and one variable for the data source', () => {
    expect(panels.filter(({type}) => type === 'row').map(({title}) => title)).toEqual([
      'Overview',
      'Sources',
      'Streams',
      'Sinks',
      'Process',
    ]);
    expect(variables.filter(({type}) => type === 'datasource').map(({name}) => name)).toEqual([
      'datasource',
    ]);
  });

  test('is not taken with a panel that names a data source of its own', () => {
    const text = readFileSync('deploy/grafana.json', 'utf8');

    expect(() => grafanaDashboard(text.replace('${datasource}', 'mine'))).toThrow(
      'expected \\"${datasource}\\"',
    );
  });
});
