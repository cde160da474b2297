import {flag, listOf, oneOf, optional, patterns, text} from './option.ts';
import {replicaIdentityRule} from './replica-identity-rule.ts';

/** Which tables and columns of a source are captured, and how they are published: keys under `sources.<name>`. */
export const captureKeys = {
  'publication.name': optional(
    text(
      {
        description:
          'The publication; what happens to it is `publication.autocreate.mode`. It must never be dropped while the slot is there.',
      },
      'an identifier of at most 63 characters',
      /^[A-Za-z_][A-Za-z0-9_$]{0,62}$/,
    ),
    '`millrace_<slot.name>`',
  ),
  'publication.autocreate.mode': oneOf(
    {
      description:
        "`filtered` creates the publication for the captured tables and changes it where the lists have changed. `all_tables` creates one of all tables, which takes a superuser, and captures tables that are created later from their first row. `disabled` takes it as it is. `no_tables` creates an empty one. (Debezium's default is `all_tables`: [Which tables](cdc.md#which-tables).)",
      default: 'filtered',
    },
    ['filtered', 'all_tables', 'disabled', 'no_tables'],
  ),
  'publish.via.partition.root': flag({
    description:
      '`false`: changes of a partitioned table come under the names of its partitions, which the lists have to match. `true`: under its own name.',
    default: false,
  }),
  'replica.identity.autoset.values': optional(
    listOf(
      {
        description:
          'Replica identities to set at each start with `ALTER TABLE`, by the owner of the tables: a regular expression for `schema.table`, a colon, and `FULL`, `DEFAULT`, `NOTHING` or `INDEX <name>`. The first item that matches a captured table counts.',
      },
      'items as `schema.table:FULL`',
      replicaIdentityRule,
    ),
    'left as they are',
  ),
  'schema.include.list': optional(
    patterns(
      {
        description:
          "The schemas to capture tables of, as regular expressions for the whole name whatever its case. Postgres' own schemas are never captured.",
      },
      'the names of schemas',
    ),
    'every schema that `schema.exclude.list` does not match',
  ),
  'schema.exclude.list': optional(
    patterns({description: 'The schemas to leave out.'}, 'the names of schemas'),
    'no schema',
  ),
  'table.include.list': optional(
    patterns(
      {
        description:
          'The tables to capture, as regular expressions for the whole `schema.table` whatever its case; a plain `schema.table` matches itself. Tables without primary key: [Which tables](cdc.md#which-tables).',
      },
      '`schema.table`',
    ),
    'every table that `table.exclude.list` does not match',
  ),
  'table.exclude.list': optional(
    patterns({description: 'The tables to leave out.'}, '`schema.table`'),
    'no table',
  ),
  'column.include.list': optional(
    patterns(
      {
        description:
          'The columns to capture, as regular expressions for the whole `schema.table.column`. Columns of the key stay in the key.',
      },
      '`schema.table.column`',
    ),
    'every column that `column.exclude.list` does not match',
  ),
  'column.exclude.list': optional(
    patterns({description: 'The columns to leave out.'}, '`schema.table.column`'),
    'no column',
  ),
};
