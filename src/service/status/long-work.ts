import type {SnapshotStatus} from '../../cdc/snapshot/snapshot-progress.ts';
import type {Progress} from '../terminal/progress-line.ts';

/** What `/api/status` says of a component, as far as it takes long. */
interface WorkingStatus {
  /** Of a source. */
  readonly snapshot?: Pick<SnapshotStatus, 'state' | 'tables'> | undefined;
  /** Of the streams, by changelog partition. */
  readonly restored?: Readonly<Record<string, {readonly restored: number; readonly total: number}>>;
}

/** What takes long in a running service, of what its components say of themselves: tables of snapshots, and stores that are restored. */
export function longWork(components: Readonly<Record<string, object>>): readonly Progress[] {
  return Object.entries(components).flatMap(([name, status]) => {
    const {snapshot, restored} = status as WorkingStatus;
    return [...snapshotWork(name, snapshot), ...restoreWork(restored)];
  });
}

function snapshotWork(component: string, snapshot: WorkingStatus['snapshot']): readonly Progress[] {
  if (snapshot?.state !== 'running') return [];
  return Object.entries(snapshot.tables)
    .filter(([, {state}]) => state === 'running')
    .map(([name, {rowsScanned, estimatedRows, etaSeconds}]) => ({
      label: `${component}: snapshot of ${name}`,
      done: rowsScanned,
      total: estimatedRows,
      unit: 'rows',
      etaSeconds: etaSeconds ?? undefined,
    }));
}

function restoreWork(restoring: WorkingStatus['restored'] = {}): readonly Progress[] {
  return Object.entries(restoring)
    .filter(([, {restored, total}]) => restored < total)
    .map(([changelog, {restored, total}]) => ({
      label: `restores ${changelog}`,
      done: restored,
      total,
      unit: 'offsets',
    }));
}
