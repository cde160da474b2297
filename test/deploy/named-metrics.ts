import {metricDefinitions} from '../../src/common/metric-definitions.ts';
import type {MetricDefinition} from '../../src/common/metric-definitions.ts';
import type {Family} from '../support/prometheus-text.ts';
import {readPromql} from './promql.ts';

/** By the name of a series: its labels. */
type Series = ReadonlyMap<string, ReadonlySet<string>>;

/** Prometheus itself adds them to whatever it scrapes. */
const target = ['instance', 'job'];

/** Every series that the service can write itself. */
export function declaredSeries(): Series {
  return new Map(
    Object.entries<MetricDefinition>(metricDefinitions).flatMap(([name, {type, labels}]) =>
      (type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']).map(
        (suffix) =>
          [
            `${name}${suffix}`,
            new Set([...labels, ...target, ...(suffix === '_bucket' ? ['le'] : [])]),
          ] as const,
      ),
    ),
  );
}

/** What was scraped. */
export function scrapedSeries(families: readonly Family[]): Series {
  const series = new Map<string, Set<string>>();
  for (const {name, labels} of families.flatMap(({samples}) => samples)) {
    const known = series.get(name) ?? new Set(target);
    series.set(name, known);
    for (const label of Object.keys(labels)) known.add(label);
  }
  return series;
}

/** The names of metrics and labels in an expression that are not in `series`. */
export function unknownNames(expr: string, series: Series): readonly string[] {
  const {selectors, groupings} = readPromql(expr);
  return [
    ...selectors.flatMap(({name, labels}) =>
      series.has(name)
        ? labels
            .filter((label) => !series.get(name)?.has(label))
            .map((label) => `${name}{${label}}`)
        : [name],
    ),
    ...groupings.flatMap(({labels, of}) =>
      of.flatMap((name) =>
        labels
          .filter((label) => series.has(name) && !series.get(name)?.has(label))
          .map((label) => `${name} by ${label}`),
      ),
    ),
  ];
}

/** The labels that the result has: those that it is grouped by, or all of its metric where it is not. */
export function resultLabels(expr: string, series: Series): ReadonlySet<string> {
  const {selectors, groupings} = readPromql(expr);
  if (groupings.length > 0) return new Set(groupings.flatMap(({labels}) => labels));
  return new Set(selectors.flatMap(({name}) => [...(series.get(name) ?? [])]));
}
