import type {JSX} from 'preact';
import {useEffect, useRef} from 'preact/hooks';
import uPlot from 'uplot';
import {useScheme} from '../use-scheme.ts';
import {useWidth} from '../use-width.ts';

export interface Series {
  readonly label: string;
  /** Name of a colour of the style sheet, `--line-1`. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  /** Milliseconds. */
  readonly at: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number | null) => string;
}

const HEIGHT = 148;
const WINDOW_SECONDS = 900;

/** Lines over the last 15 minutes, with the newest value of each. */
export function TimeChart({title, at, series, format}: ChartProps): JSX.Element {
  const [box, width] = useWidth();
  const plot = useRef<uPlot>(null);
  const scheme = useScheme();
  const colours = series.map(({colour}) => colour).join(' ');
  useEffect(() => {
    if (box.current === null || width === 0) return undefined;
    const style = getComputedStyle(document.documentElement);
    const axis = {
      stroke: style.getPropertyValue('--quiet'),
      font: '11px system-ui, sans-serif',
      grid: {stroke: style.getPropertyValue('--hair'), width: 1},
      ticks: {show: false},
    };
    plot.current = new uPlot(
      {
        width,
        height: HEIGHT,
        padding: [8, 8, 0, 0],
        legend: {show: false},
        cursor: {show: false},
        scales: {
          x: {range: (_, __, max) => [max - WINDOW_SECONDS, max]},
          y: {range: ({data}) => [0, ceiling(data.slice(1).flatMap((values) => [...values]))]},
        },
        axes: [
          {...axis, size: 22, space: 90, values: (_, splits) => splits.map(minute)},
          {
            ...axis,
            size: 62,
            space: 34,
            values: (_, splits) => splits.map((value) => format(value)),
          },
        ],
        series: [
          {},
          ...colours.split(' ').map((name) => ({
            stroke: style.getPropertyValue(name),
            width: 1.75,
            spanGaps: true,
            points: {show: false},
          })),
        ],
      },
      [[]],
      box.current,
    );
    return () => plot.current?.destroy();
  }, [width, scheme, colours]);
  useEffect(() => {
    const x = at.map((ms) => ms / 1000);
    plot.current?.setData([x, ...series.map(({values}) => [...values])]);
  }, [at, width, scheme]);
  const newest = series.map(({label, values}) => `${label} ${format(values.at(-1) ?? null)}`);
  return (
    <section class="panel chart" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <ul class="legend">
          {series.map(({label, colour, values}) => (
            <li key={label}>
              <span class={`swatch ${colour.slice(2)}`} />
              {label} <b>{format(values.at(-1) ?? null)}</b>
            </li>
          ))}
        </ul>
      </header>
      <div
        ref={box}
        role="img"
        aria-label={`${title}, last 15 minutes. Now: ${newest.join(', ')}`}
      />
    </section>
  );
}

/** Where the axis ends: above all values, or, so that one peak does not flatten the rest, above most of them. */
function ceiling(values: readonly (number | null | undefined)[]): number {
  const sorted = values.flatMap((value) => value ?? []).toSorted((a, b) => a - b);
  const highest = sorted.at(-1) ?? 0;
  const usual = sorted[Math.floor(sorted.length * 0.97)] ?? 0;
  return Math.max(1, 1.2 * (highest > 6 * usual ? 2 * usual : highest));
}

function minute(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString('en-GB', {hour: '2-digit', minute: '2-digit'});
}
