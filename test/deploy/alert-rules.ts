import {readFileSync} from 'node:fs';
import {parse} from 'yaml';
import {z} from 'zod';

const duration = z.string().regex(/^(\d+(ms|[smhdwy]))+$/);
const text = z.string().min(1);

/**
 * A file of alerting rules as Prometheus takes it: what it does not know it refuses.
 * https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/
 */
export const ruleFile = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: text,
      interval: duration.optional(),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^[A-Z][A-Za-z]+$/),
          expr: text,
          for: duration.optional(),
          keep_firing_for: duration.optional(),
          labels: z.strictObject({severity: z.enum(['critical', 'warning'])}),
          annotations: z.strictObject({summary: text, description: text, remedy: text}),
        }),
      ),
    }),
  ),
});

/** The rules of `deploy/alerts.yaml`. @throws ZodError where Prometheus would not take it. */
export function alertRules(content = readFileSync('deploy/alerts.yaml', 'utf8')) {
  return ruleFile.parse(parse(content)).groups.flatMap(({rules}) => rules);
}
