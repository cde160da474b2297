import {isPattern} from './option.ts';

/** A replica identity for the tables that a regular expression matches; `index` is the name of one. */
export interface ReplicaIdentityRule {
  readonly tables: string;
  readonly identity: 'default' | 'full' | 'nothing' | 'index';
  readonly index?: string;
}

/** One item of `replica.identity.autoset.values`, as `schema.table:FULL`; undefined when it is none. */
export function replicaIdentityRule(item: string): ReplicaIdentityRule | undefined {
  const [, tables = '', identity = '', index] =
    /^(.+):(?:(DEFAULT|FULL|NOTHING)|INDEX (\S+))$/i.exec(item) ?? [];
  if (!isPattern(tables)) return undefined;
  if (index !== undefined) return {tables, identity: 'index', index};
  return {tables, identity: identity.toLowerCase() as 'default' | 'full' | 'nothing'};
}
