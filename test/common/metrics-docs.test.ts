import {readFileSync} from 'node:fs';
import {describe, expect, test} from 'vitest';
import {metricsDocs} from '../../scripts/metrics-docs.ts';
import {metricDefinitions} from '../../src/common/metric-definitions.ts';

describe('docs/metrics.md', () => {
  test('is what the metrics say (npm run docs)', () => {
    expect(readFileSync('docs/metrics.md', 'utf8')).toBe(metricsDocs());
  });

  test('has each metric once', () => {
    const names = [...metricsDocs().matchAll(/^\| `(millrace_[a-z0-9_]+)` \|/gm)].map(
      ([, name]) => name,
    );

    expect(new Set(names)).toEqual(new Set(Object.keys(metricDefinitions)));
    expect(names).toHaveLength(new Set(names).size);
  });
});
