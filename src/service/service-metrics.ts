import type {Clock} from '../common/clock.ts';
import type {Component} from '../common/component.ts';
import type {GaugeSample} from '../common/metrics.ts';
import type {PromMetrics} from '../common/prom-metrics.ts';
import {statusGauges} from '../monitor/status-gauges.ts';
import {packageVersion} from '../package-version.ts';
import type {NamedStoreSize} from '../streams/runtime/task-opener.ts';

interface ServiceMetricsParts {
  readonly applicationId: string;
  readonly components: readonly Component[];
  readonly isReady: () => boolean;
  readonly storeSizes: () => Promise<readonly NamedStoreSize[]>;
  readonly clock: Clock;
}

/** Adds to `metrics` what nobody writes as it happens: the process, and the gauges that are read when they are asked for. */
export function addServiceMetrics(
  metrics: PromMetrics,
  {applicationId, components, isReady, storeSizes, clock}: ServiceMetricsParts,
): void {
  metrics.collectProcess();
  metrics.collect(async () => [
    {
      name: 'millrace_info',
      labels: {version: packageVersion(), application_id: applicationId},
      value: 1,
    },
    {name: 'millrace_ready', labels: {}, value: Number(isReady())},
    ...statusGauges(components, clock.now()),
  ]);
  metrics.collect(async () => (await storeSizes()).flatMap(storeGauges));
}

function storeGauges({task, store, entries, bytes}: NamedStoreSize): readonly GaugeSample[] {
  const labels = {task, store};
  return [
    {name: 'millrace_streams_store_entries', labels, value: entries},
    {name: 'millrace_streams_store_bytes', labels, value: bytes},
  ];
}
