import {readFileSync} from 'node:fs';
import {z} from 'zod';

const gridPos = z.strictObject({
  h: z.int().min(1),
  w: z.int().min(1).max(24),
  x: z.int(),
  y: z.int(),
});
/** The one variable for where the data comes from. */
const datasource = z.strictObject({type: z.literal('prometheus'), uid: z.literal('${datasource}')});

const panel = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('row'),
    id: z.int(),
    title: z.string(),
    collapsed: z.literal(false),
    gridPos,
    panels: z.array(z.never()),
  }),
  z.looseObject({
    type: z.enum(['timeseries', 'stat', 'table']),
    id: z.int(),
    title: z.string().min(1),
    description: z.string().min(1),
    datasource,
    gridPos,
    targets: z
      .array(
        z.looseObject({refId: z.string(), datasource, expr: z.string(), legendFormat: z.string()}),
      )
      .min(1),
  }),
]);

const dashboard = z.looseObject({
  title: z.literal('millrace'),
  uid: z.string(),
  schemaVersion: z.int(),
  templating: z.strictObject({
    list: z.array(
      z.looseObject({name: z.string(), type: z.string(), datasource: datasource.optional()}),
    ),
  }),
  panels: z.array(panel),
});

/** `deploy/grafana.json`. @throws ZodError for what is no such dashboard. */
export function grafanaDashboard(content = readFileSync('deploy/grafana.json', 'utf8')) {
  const {panels, templating} = dashboard.parse(JSON.parse(content));
  return {
    panels,
    variables: templating.list,
    targets: panels.flatMap((each) =>
      each.type === 'row'
        ? []
        : each.targets.map(({expr, legendFormat}) => ({
            panel: each.title,
            // Grafana puts in how far apart the points are.
            expr: expr.replaceAll('$__rate_interval', '5m'),
            legend: legendFormat,
          })),
    ),
  };
}
