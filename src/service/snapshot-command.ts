import {emitSignal} from '../cdc/postgres/emit-signal.ts';
import {FatalError} from '../common/errors.ts';
import type {Config} from '../config/config.ts';
import {chosenSource} from './chosen-source.ts';

/** What `millrace snapshot` was called with. */
export interface SnapshotCommand {
  /** Regular expressions for whole `schema.table` names; with `stop`, none means all. */
  readonly tables: readonly string[];
  /** The key under `sources:`; may be left out where there is one. */
  readonly source: string | undefined;
  /** An SQL condition for the rows to read. */
  readonly where: string | undefined;
  readonly action: 'execute' | 'stop' | 'pause' | 'resume';
}

/**
 * Tells the service that reads the source to take, or to stop, an incremental snapshot; returns what to tell the user.
 *
 * @throws FatalError for a source that is not configured or tables that are not named.
 */
export async function snapshotCommand(config: Config, command: SnapshotCommand): Promise<string> {
  const {tables, where, action} = command;
  const source = chosenSource(config, command.source);
  if (action === 'execute' && tables.length === 0)
    throw new FatalError(
      'CONFIG_INVALID',
      'name the tables to read: millrace snapshot <schema.table> …; see `millrace snapshot --help`',
    );
  const {database, name, slotName, publicationName} = source;
  const lsn = await emitSignal(
    {...database, name, slotName, publicationName},
    {
      id: `${action}-snapshot`,
      type: `${action}-snapshot`,
      data: {
        type: 'incremental',
        'data-collections': tables,
        ...(where !== undefined && {
          'additional-conditions': tables.map((table) => ({
            'data-collection': table,
            filter: where,
          })),
        }),
      },
    },
  );
  const what = tables.length === 0 ? 'all tables' : tables.join(', ');
  return `source ${name}: ${action} an incremental snapshot of ${what}, at LSN ${lsn}; the service follows it when it has read that far: see /api/status and its log\n`;
}
