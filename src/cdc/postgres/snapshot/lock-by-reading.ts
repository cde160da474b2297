import type {Client} from 'pg';
import {quoteTable} from '../catalog/publication.ts';
import {selectList} from '../catalog/relations.ts';
import type {Relation} from '../../replication-source.ts';

/**
 * Takes the lock of a reader on the table and its partitions, until the transaction ends: for who may read some of its
 * columns only, of whom Postgres takes no `LOCK TABLE`.
 */
export async function lockByReading(client: Client, relation: Relation): Promise<void> {
  await client.query(`SELECT ${selectList(relation)} FROM ${quoteTable(relation)} LIMIT 0`);
}
