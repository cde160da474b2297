import {isRight} from './measurement.ts';
import type {ByProcess, Measurement} from './measurement.ts';

type Row = readonly [label: string, ...cells: string[]];

/** A table with a column for each system, for a terminal and for Markdown. */
export function comparison(measurements: readonly Measurement[]): string {
  const cells = (cell: (measurement: Measurement) => string): string[] => measurements.map(cell);
  const rows: Row[] = [
    ['', ...cells(({system}) => system)],
    ...byProcess('CPU-s per million orders', measurements, (each) => each.catchUp.cpuSecondsPerMillion), // prettier-ignore
    [
      'CPU-s per million orders, total',
      ...cells(({catchUp}) => total(catchUp.cpuSecondsPerMillion).toFixed(1)),
    ],
    ['Kafka records per order', ...cells(({catchUp}) => catchUp.kafkaRecordsPerOrder.toFixed(2))],
    ['orders/s caught up', ...cells(({catchUp}) => catchUp.ordersPerSecond.toLocaleString('en'))],
    ...(measurements[0]?.atRates ?? []).flatMap(({rate}, at): Row[] => [
      [
        `latency at ${rate.toLocaleString('en')}/s, p50 / p99`,
        ...cells(({atRates}) => `${atRates[at]?.p50} / ${atRates[at]?.p99} ms`),
      ],
      [
        `CPU-s per second at ${rate.toLocaleString('en')}/s, total`,
        ...cells(({atRates}) => total(atRates[at]?.cpuSecondsPerSecond ?? {}).toFixed(2)),
      ],
    ]),
    ...byProcess('peak RSS, MB', measurements, (each) => each.peakRssMb),
    ['start to first row, s', ...cells(({secondsToFirstRow}) => String(secondsToFirstRow))],
    ['every order once, equal to SQL', ...cells(verdict)],
    ['orders in the warehouse', ...cells(({inWarehouse}) => inWarehouse?.toLocaleString('en') ?? 'no sink')], // prettier-ignore
  ];
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths?.[at] ?? 0) : cell.padStart(widths?.[at] ?? 0))).join(' | ')} |`;
  const rule = widths?.map((width, at) =>
    at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(rows[0] ?? []), line(rule ?? []), ...rows.slice(1).map(line)].join('\n');
}

/** A row for each process that any system has. */
function byProcess(
  label: string,
  measurements: readonly Measurement[],
  figures: (measurement: Measurement) => ByProcess,
): Row[] {
  const names = new Set(measurements.flatMap((each) => Object.keys(figures(each))));
  return [...names].map((name) => [
    `${label}: ${name}`,
    ...measurements.map((each) => String(figures(each)[name] ?? '')),
  ]);
}

function verdict(measurement: Measurement): string {
  if (isRight(measurement)) return 'yes';
  const {missing, doubled, rowsEqual} = measurement.check;
  return `NO: ${missing} missing, ${doubled} doubled, rows ${rowsEqual ? '' : 'not '}equal`;
}

function total(figures: ByProcess): number {
  return Object.values(figures).reduce((sum, each) => sum + each, 0);
}
