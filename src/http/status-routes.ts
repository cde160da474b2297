import type {Routes} from './routes.ts';

interface StatusDeps {
  /** Serialises to JSON. */
  readonly status: () => object | Promise<object>;
}

/** `/api/status`: every component, the ends of the logs and the conditions that hold. */
export function statusRoutes({status}: StatusDeps): Routes {
  return (server) => {
    server.get('/api/status', () => status());
  };
}
