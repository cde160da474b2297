import {causeMessageOf} from '../common/errors.ts';
import {QueryError} from '../streams/runtime/queries/query-error.ts';
import type {PeerStores} from '../streams/runtime/queries/stored-rows.ts';
import {decodeRows, storeRowsPath} from './store-routes.ts';
import type {StoredRowsJson} from './store-routes.ts';

/** How long another instance may take; a caller gives up soon after. */
const TIMEOUT_MS = 2000;

/**
 * The other instances, asked over HTTP at their `application.server`: with the token that all instances have, or else
 * with what the caller has shown, which a proxy in front of them may want.
 */
export function peerStores(token: string | undefined): PeerStores {
  const own = token === undefined ? undefined : `Bearer ${token}`;
  return {
    async rows(server, request, caller) {
      const authorization = own ?? caller.authorization;
      const url = `http://${server}${storeRowsPath(request)}`;
      let response: Response;
      let body: unknown;
      try {
        response = await fetch(url, {
          headers: authorization === undefined ? {} : {authorization},
          signal: AbortSignal.timeout(TIMEOUT_MS),
          redirect: 'error',
        });
        body = await response.json();
      } catch (error) {
        throw unreachable(server, causeMessageOf(error));
      }
      if (response.ok) return decodeRows(body as StoredRowsJson);
      const {error} = body as {readonly error?: unknown};
      throw unreachable(server, `it answers ${response.status}, ${JSON.stringify(error ?? null)}`);
    },
  };
}

function unreachable(server: string, why: string): QueryError {
  return new QueryError(
    'unavailable',
    'INSTANCE_UNREACHABLE',
    `The instance ${server} has the partition and does not give it: ${why}. Ask again in a moment; if it stays so, check application.server of that instance.`,
  );
}
