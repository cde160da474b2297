import {failed, ok, warning} from '../../../common/check-result.ts';
import type {CheckResult} from '../../../common/check-result.ts';
import {nameOf} from '../../table-filter.ts';
import type {TableFilter} from '../../table-filter.ts';
import type {CatalogTable} from '../catalog/column-catalog.ts';
import {keyRemark, missingIdentity} from '../catalog/key-columns.ts';
import {missingSelect} from '../catalog/preflight.ts';
import {quote, quoteName} from '../catalog/publication.ts';
import {replicaIdentityChanges} from '../catalog/replica-identity.ts';
import type {ReplicaIdentityRule} from '../catalog/replica-identity.ts';
import type {FoundTable} from '../catalog/table-catalog.ts';
import type {TableSelection} from '../catalog/table-selection.ts';
import type {ServerState} from './server-state.ts';

export interface TableFacts {
  readonly filter: TableFilter;
  readonly found: readonly FoundTable[];
  readonly selection: TableSelection;
  /** The captured ones. */
  readonly tables: readonly CatalogTable[];
  readonly user: string;
  readonly rules: readonly ReplicaIdentityRule[];
  /** Whether the rows will be read, too. */
  readonly snapshot: boolean;
  /** `schema.table` of `signal.data.collection`. */
  readonly signalTable: string | undefined;
  readonly server: Pick<ServerState, 'owned' | 'closedSchemas'>;
}

/** What the filters match, and whether each table of it can be read and captured whole. */
export function tableChecks(facts: TableFacts): readonly CheckResult[] {
  const {selection, tables, filter, signalTable, server, snapshot, user} = facts;
  const results: CheckResult[] = selection.remarks.map((remark) => {
    const [detail = '', remedy] = remark.split('; ');
    return {name: 'tables', outcome: 'warning', detail, remedy};
  });
  if (tables.every((table) => filter.isSignalTable(table)))
    results.push(
      failed('tables', 'there is no table to capture', {
        remedy: 'check the include and exclude lists and database.dbname',
      }),
    );
  if (signalTable !== undefined) results.push(signalTableCheck(signalTable, tables));
  for (const schema of snapshot ? server.closedSchemas : [])
    results.push(
      failed(`schema ${schema}`, `user ${user} may not look into it`, {
        remedy: 'run as its owner',
        commands: [`GRANT USAGE ON SCHEMA ${quote(schema)} TO ${quote(user)};`],
      }),
    );
  for (const table of tables)
    if (!filter.isSignalTable(table)) results.push(...tableResults(table, facts));
  return results;
}

function tableResults(table: CatalogTable, facts: TableFacts): readonly CheckResult[] {
  const {filter, user, snapshot} = facts;
  const name = `table ${nameOf(table)}`;
  const results: CheckResult[] = [];
  const missing = snapshot ? missingSelect(filter, table, user) : undefined;
  if (missing !== undefined)
    results.push(
      failed(name, `user ${user} may not read ${missing.what}`, {
        remedy: 'run as its owner',
        commands: [`${missing.grant};`],
      }),
    );
  const identity = identityCheck(name, table, facts);
  if (identity !== undefined) results.push(identity);
  const remark = keyRemark(table);
  if (remark !== undefined && identity === undefined)
    results.push(
      warning(name, remark, {
        remedy: 'give it a primary key, or name columns in message.key.columns',
      }),
    );
  if (results.length > 0) return results;
  return [ok(name, `${table.columns.length} columns, replica identity ${table.replicaIdentity}`)];
}

/** Undefined where the table has its identity, or gets it by the service itself. */
function identityCheck(
  name: string,
  table: CatalogTable,
  {found, selection, rules, server}: TableFacts,
): CheckResult | undefined {
  const captured = selection.captured.filter(({oid}) => oid === table.oid);
  const changes = replicaIdentityChanges(found, captured, rules);
  if (changes.length > 0) {
    if (server.owned.includes(table.oid)) return undefined;
    return failed(name, 'replica.identity.autoset.values has to be set by the owner of the table', {
      remedy: 'run as its owner',
      commands: changes.map((statement) => `${statement};`),
    });
  }
  const missing = missingIdentity(table);
  if (missing === undefined) return undefined;
  return warning(
    name,
    `it has no ${missing.what}: Postgres refuses every UPDATE and DELETE on it while it is published`,
    {
      remedy: `run as its owner${missing.addKey === undefined ? '' : `, or give it a key (${missing.addKey})`}`,
      commands: [`${missing.statement};`],
    },
  );
}

const signalColumns = ['id', 'type', 'data'];

function signalTableCheck(signalTable: string, tables: readonly CatalogTable[]): CheckResult {
  const name = `signal table ${signalTable}`;
  const table = tables.find((each) => nameOf(each) === signalTable);
  const creation = `CREATE TABLE ${quoteName(signalTable)} (id varchar(42) PRIMARY KEY, type varchar(32) NOT NULL, data varchar(2048));`;
  if (table === undefined)
    return failed(name, 'it does not exist', {
      remedy: 'run as the owner of the schema',
      commands: [creation],
    });
  const columns = new Set(table.columns.map((column) => column.name));
  const missing = signalColumns.filter((column) => !columns.has(column));
  if (missing.length === 0) return ok(name, 'id, type, data');
  return failed(name, `it has no ${missing.join(', ')}`, {
    remedy: `name a table like this in signal.data.collection: ${creation}`,
  });
}
