import type {FoundTable} from '../../../../src/cdc/postgres/catalog/table-catalog.ts';

let oids = 16_384;

/** A plain table of the catalog, with an oid of its own. */
export function foundTable(
  schema: string,
  table: string,
  more: Partial<FoundTable> = {},
): FoundTable {
  return {
    oid: oids++,
    schema,
    table,
    kind: 'r',
    unlogged: false,
    ancestors: [],
    replicaIdentity: 'default',
    identityIndex: null,
    refusesUpdates: false,
    extension: null,
    ...more,
  };
}
