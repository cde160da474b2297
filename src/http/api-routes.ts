import {healthRoutes} from './health-routes.ts';
import {lineageRoutes} from './lineage-routes.ts';
import {metricsRoutes} from './metrics-routes.ts';
import {pipelineRoutes} from './pipeline-routes.ts';
import {recordRoutes} from './record-routes.ts';
import type {Routes} from './routes.ts';
import {statusRoutes} from './status-routes.ts';
import {storeRoutes} from './store-routes.ts';
import {tableRoutes} from './table-routes.ts';
import {topologyRoutes} from './topology-routes.ts';

type DepsOf<R extends (deps: never) => Routes> = Parameters<R>[0];

/** What the routes ask. */
export type ApiDeps = DepsOf<typeof healthRoutes> &
  DepsOf<typeof statusRoutes> &
  DepsOf<typeof metricsRoutes> &
  DepsOf<typeof topologyRoutes> &
  DepsOf<typeof tableRoutes> &
  DepsOf<typeof storeRoutes> &
  DepsOf<typeof lineageRoutes> &
  DepsOf<typeof pipelineRoutes> &
  DepsOf<typeof recordRoutes>;

/** Every route of the service but the files of the page. */
export function apiRoutes(deps: ApiDeps): readonly Routes[] {
  return [
    healthRoutes(deps),
    statusRoutes(deps),
    metricsRoutes(deps),
    topologyRoutes(deps),
    tableRoutes(deps),
    storeRoutes(deps),
    lineageRoutes(deps),
    pipelineRoutes(deps),
    recordRoutes(deps),
  ];
}
