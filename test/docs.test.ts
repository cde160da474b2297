import {readFileSync} from 'node:fs';
import {describe, expect, test} from 'vitest';

describe('docs/topologies.md', () => {
  test.each(['shipments-topology.ts', 'shipments-topology.test.ts'])(
    'shows test/examples/%s as it runs',
    (name) => {
      const code = readFileSync(`test/examples/${name}`, 'utf8')
        .replaceAll('../../src/', './')
        .trimEnd();

      expect(readFileSync('docs/topologies.md', 'utf8')).toContain(`\`\`\`ts\n${code}\n\`\`\``);
    },
  );
});
