import {apiRoutes} from '../src/http/api-routes.ts';
import type {ApiDeps} from '../src/http/api-routes.ts';
import {startHttp} from '../src/http/start-http.ts';
import {packageVersion} from '../src/package-version.ts';

/** What stands in `docs/openapi.json`: the routes of a service with a token, as it describes them itself. */
export async function openApiDocument(): Promise<object> {
  // Only the description is asked for, and it asks nothing of what is behind the routes.
  const routes = apiRoutes({} as ApiDeps);
  const token = 'of-nobody';
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    version: packageVersion(),
    token,
    routes,
  });
  try {
    const response = await fetch(`${server.url}/api/openapi.json`, {
      headers: {authorization: `Bearer ${token}`},
    });
    return (await response.json()) as object;
  } finally {
    await server.close();
  }
}
