import {describe, expect, inject, test} from 'vitest';
import type {ConnectorOptions} from '../../../src/cdc/connector-options.ts';
import {typeHandlingDefaults} from '../../../src/cdc/types/type-handling.ts';
import {capture} from './capture.ts';
import {compare} from './compare.ts';
import type {Difference} from './compare.ts';
import {knownDifferences, pendingDifferences} from './known-differences.ts';
import {readRecording} from './recording.ts';

const script = new URL('every-type', import.meta.url).pathname;

const settings: Readonly<Record<string, Partial<ConnectorOptions>>> = {
  default: {},
  flat: {afterStateOnly: true, events: {deleteTombstoneHandlingMode: 'rewrite'}},
  options: {
    types: {
      ...typeHandlingDefaults,
      decimal: 'string',
      time: 'connect',
      interval: 'string',
      binary: 'base64',
      hstore: 'map',
    },
    events: {skippedOperations: [], provideTransactionMetadata: true},
  },
};

describe('Debezium 3.6', () => {
  test.each(Object.entries(settings))('writes what we write: %s', async (name, options) => {
    const recording = readRecording(`${script}.${name}.jsonl`);
    const ours = await capture(inject('postgresPort'), script, options);

    const expected = [...knownDifferences, ...pendingDifferences].filter(
      ({only}) => only?.includes(name) ?? true,
    );
    const differences = compare(recording, ours);
    const entryOf = (difference: Difference) =>
      expected.find(({where}) => where.test(placeOf(difference)));
    const seen = new Set(differences.map(entryOf));

    expect(differences.filter((difference) => entryOf(difference) === undefined)).toEqual([]);
    expect(
      expected.filter((entry) => knownDifferences.includes(entry) && !seen.has(entry)),
    ).toEqual([]);
  });
});

/** `strings.value.after.named`: the table, then the path. */
function placeOf({topic, path}: Difference): string {
  return `${topic.slice(topic.lastIndexOf('.') + 1)}.${path}`;
}
