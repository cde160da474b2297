import {describe, expect, inject, test} from 'vitest';
import type {CheckResult} from '../../../src/common/check-result.ts';
import {systemClock} from '../../../src/common/clock.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import {toJsonSchema} from '../../../src/serde/json-schema.ts';
import {checkSubjects} from '../../../src/serde/registry/check-subjects.ts';
import {ConfluentRegistry} from '../../../src/serde/registry/confluent-registry.ts';
import {bigint, struct, varchar} from '../../../src/serde/schema.ts';
import {resultOf, troubles} from '../../support/check-results.ts';

const url = inject('schemaRegistryUrl');
const deps = {servers: [{url}], clock: systemClock, timeoutMs: 10_000};

describe('checkSubjects of a real registry', () => {
  test('tells apart what is new, registered, compatible and incompatible', async () => {
    const prefix = `check-${crypto.randomUUID()}`;
    const subject = (name: string): string => `${prefix}-${name}-value`;
    const schema = toJsonSchema(struct({id: varchar(), name: varchar()}));
    const registry = new ConfluentRegistry({...deps, logger: silentLogger});
    await registry.register(subject('same'), schema);
    await registry.register(
      subject('other'),
      toJsonSchema(struct({id: bigint(), name: varchar()})),
    );
    const before = await subjects(prefix);
    const results: CheckResult[] = [];

    await checkSubjects(
      {...deps, unchecked: () => false},
      async () => ['new', 'same', 'other'].map((name) => ({subject: subject(name), schema})),
      (result) => results.push(result),
    );

    expect(troubles(results)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^failed subject ${subject('other')}: the schema is incompatible .* -> curl -X PUT `,
        ),
      ),
    ]);
    expect(resultOf(results, `subject ${subject('new')}`)).toMatch(/^ok /);
    expect(resultOf(results, `subject ${subject('same')}`)).toContain('is registered');
    expect(await subjects(prefix)).toEqual(before);
  });
});

async function subjects(prefix: string): Promise<readonly string[]> {
  const all = (await (await fetch(`${url}/subjects`)).json()) as string[];
  return all.filter((name) => name.startsWith(prefix)).toSorted();
}
