import {anchoredPattern} from '../../../common/anchored-pattern.ts';
import {nameOf} from '../../table-filter.ts';
import {quote, quoteTable} from './publication.ts';
import type {FoundTable} from './table-catalog.ts';

/** One item of `replica.identity.autoset.values`. */
export interface ReplicaIdentityRule {
  /** A regular expression for the whole `schema.table`, whatever its case. */
  readonly tables: string;
  /** `index`: the one named by `index`. */
  readonly identity: 'default' | 'full' | 'nothing' | 'index';
  readonly index?: string | undefined;
}

/**
 * The statements that give the captured tables the replica identity of the first rule that matches their name; for a
 * captured partitioned table also its partitions, which have identities of their own.
 */
export function replicaIdentityChanges(
  found: readonly FoundTable[],
  captured: readonly FoundTable[],
  rules: readonly ReplicaIdentityRule[],
): readonly string[] {
  const oids = new Set(captured.map(({oid}) => oid));
  const patterns = rules.map((rule) => ({...rule, expression: anchoredPattern(rule.tables)}));
  return found
    .filter(({oid, ancestors}) => [oid, ...ancestors].some((each) => oids.has(each)))
    .flatMap((table) => {
      const rule = patterns.find(({expression}) => expression.test(nameOf(table)));
      if (rule === undefined || hasIdentity(table, rule)) return [];
      return [`ALTER TABLE ${quoteTable(table)} REPLICA IDENTITY ${identitySql(rule)}`];
    });
}

function hasIdentity(
  {replicaIdentity, identityIndex}: FoundTable,
  {identity, index}: ReplicaIdentityRule,
): boolean {
  return replicaIdentity === identity && (identity !== 'index' || identityIndex === index);
}

function identitySql({identity, index = ''}: ReplicaIdentityRule): string {
  return identity === 'index' ? `USING INDEX ${quote(index)}` : identity.toUpperCase();
}
