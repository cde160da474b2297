import {z} from 'zod';
import type {Progress} from '../terminal/progress-line.ts';

const table = z.object({
  state: z.string(),
  rowsScanned: z.number(),
  estimatedRows: z.number().nullish(),
  etaSeconds: z.number().nullish(),
});
const source = z.object({
  snapshot: z.object({state: z.string(), tables: z.record(z.string(), table)}),
});
const streams = z.object({
  restored: z.record(z.string(), z.object({restored: z.number(), total: z.number()})),
});

/** What takes long in a running service, of what its components say of themselves: tables of snapshots, and stores that are restored. */
export function longWork(components: Readonly<Record<string, unknown>>): readonly Progress[] {
  return Object.entries(components).flatMap(([name, status]) => [
    ...snapshotWork(name, status),
    ...restoreWork(status),
  ]);
}

function snapshotWork(component: string, status: unknown): readonly Progress[] {
  const {data} = source.safeParse(status);
  if (data?.snapshot.state !== 'running') return [];
  return Object.entries(data.snapshot.tables)
    .filter(([, {state}]) => state === 'running')
    .map(([name, {rowsScanned, estimatedRows, etaSeconds}]) => ({
      label: `${component}: snapshot of ${name}`,
      done: rowsScanned,
      total: estimatedRows ?? 0,
      unit: 'rows',
      etaSeconds: etaSeconds ?? undefined,
    }));
}

function restoreWork(status: unknown): readonly Progress[] {
  const {data} = streams.safeParse(status);
  return Object.entries(data?.restored ?? {})
    .filter(([, {restored, total}]) => restored < total)
    .map(([changelog, {restored, total}]) => ({
      label: `restores ${changelog}`,
      done: restored,
      total,
      unit: 'offsets',
    }));
}
