import {metricDefinitions} from '../src/common/metric-definitions.ts';
import type {MetricDefinition} from '../src/common/metric-definitions.ts';

const groups = [
  ['The service', /^millrace_(?!cdc_|streams_|restored_|standby_|sink_)/],
  ['Sources', /^millrace_cdc_/],
  ['Streams', /^millrace_(streams|restored|standby)_/],
  ['Sinks', /^millrace_sink_/],
] as const;

/** The text of `docs/metrics.md`: every metric of the service. */
export function metricsDocs(): string {
  const metrics = Object.entries<MetricDefinition>(metricDefinitions);
  return [
    introduction,
    ...groups.map(([title, names]) => {
      const rows = metrics.filter(([name]) => names.test(name)).map(row);
      return `## ${title}\n\n<!-- prettier-ignore -->\n${[header, ...rows].join('\n')}\n`;
    }),
    processMetrics,
  ].join('\n');
}

const header =
  '| name | type, labels | meaning | in Debezium, Kafka Streams or Kafka Connect |\n| --- | --- | --- | --- |';

function row([name, {type, labels, help, standard}]: readonly [string, MetricDefinition]): string {
  const text = labels.map((label) => `\`${label}\``).join(', ');
  const kind = text === '' ? type : `${type}: ${text}`;
  return `| \`${name}\` | ${kind} | ${help} | ${standard ?? ''} |`;
}

const introduction = `# Metrics

<!-- Written by \`npm run docs\` from src/common/metric-definitions.ts. -->

\`/metrics\` has these in Prometheus' text format. [\`deploy/grafana.json\`](../deploy/grafana.json) is a dashboard of them to import,
[\`deploy/alerts.yaml\`](../deploy/alerts.yaml) a file of alerting rules for Prometheus (\`rule_files\`).

What others have as a rate is a counter here, as Prometheus wants it: \`rate(millrace_streams_records_total[1m])\` is \`process-rate\`. A latency is a
histogram: \`histogram_quantile(0.99, sum by (le) (rate(millrace_end_to_end_latency_seconds_bucket[5m])))\`. Counters begin at 0 with the process. A
series appears with its first event; those that only trouble makes are absent before it.

\`millrace_condition\` tells the same as \`/readyz\`, \`/api/status\`, the page and the log: the code and the subject are the same words everywhere.
`;

const processMetrics = `## Process

By the names of prom-client: \`process_cpu_seconds_total\`, \`process_resident_memory_bytes\`, \`process_start_time_seconds\`, \`process_open_fds\`,
\`nodejs_eventloop_lag_seconds\` and its percentiles, \`nodejs_heap_size_used_bytes\`, \`nodejs_gc_duration_seconds\` and others.
`;
