import type {Client} from 'pg';
import {failed, ok, skipped} from '../../../common/check-result.ts';
import type {CheckResult} from '../../../common/check-result.ts';
import {messageOf} from '../../../common/errors.ts';
import {quote} from '../catalog/publication.ts';

const name = 'heartbeat.action.query';

/**
 * Whether the user may run the query: `EXPLAIN` asks for its permissions and runs nothing. With parameters, so that there
 * is one statement only.
 */
export async function heartbeatQueryCheck(
  client: Client,
  query: string,
  user: string,
): Promise<CheckResult> {
  try {
    await client.query('BEGIN READ ONLY');
    await client.query({text: `EXPLAIN ${query}`, queryMode: 'extended'} as {text: string});
    return ok(name, 'it may be run');
  } catch (error) {
    return heartbeatFailure(error, query, user);
  } finally {
    await client.query('ROLLBACK');
  }
}

/** What the error of an `EXPLAIN` says of the query. */
export function heartbeatFailure(error: unknown, query: string, user: string): CheckResult {
  const {code} = error as {code?: string};
  const message = messageOf(error);
  const [, kind, object = ''] =
    /permission denied for (table|view|schema) (\S+)/.exec(message) ?? [];
  if (code === '42501' && kind !== undefined)
    return failed(name, message, {
      remedy: 'run as its owner',
      commands: [
        kind === 'schema'
          ? `GRANT USAGE ON SCHEMA ${quote(object)} TO ${quote(user)};`
          : `GRANT ${privileges(query)} ON ${named(object, query)} TO ${quote(user)};`,
      ],
    });
  if (code === '42601' && !/^\s*(select|insert|update|delete|merge|with|values)\b/i.test(query))
    return skipped(name, 'it cannot be tried without running it');
  return failed(name, message, {remedy: 'correct the query, or make what it needs'});
}

/** By its first word; an upsert also updates, and reads to do so. */
function privileges(query: string): string {
  const verb = /^\s*(insert|update|delete)\b/i.exec(query)?.[1]?.toUpperCase() ?? 'SELECT';
  if (verb === 'SELECT') return verb;
  if (verb === 'INSERT') return /\bdo\s+update\b/i.test(query) ? 'SELECT, INSERT, UPDATE' : verb;
  return `SELECT, ${verb}`;
}

/** The error has the table without its schema; the query may have both. */
function named(table: string, query: string): string {
  const words = query.match(/[\w"]+(?:\.[\w"]+)?/g) ?? [];
  return words.find((word) => word.replaceAll('"', '').endsWith(`.${table}`)) ?? quote(table);
}
