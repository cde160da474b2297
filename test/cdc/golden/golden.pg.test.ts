import {readFileSync} from 'node:fs';
import {describe, expect, inject, test} from 'vitest';
import {typeHandlingDefaults} from '../../../src/cdc/events/types/type-handling.ts';
import {capture} from './capture.ts';
import type {CaptureSettings} from './capture.ts';
import {compare} from './compare.ts';
import type {Difference} from './compare.ts';
import {knownDifferences} from './known-differences.ts';
import {readRecording} from './recording.ts';

const script = new URL('every-type', import.meta.url).pathname;
const scripts = {
  snapshot: readFileSync(`${script}.snapshot.sql`, 'utf8'),
  stream: readFileSync(`${script}.stream.sql`, 'utf8'),
};

interface Setting extends CaptureSettings {
  /** How many differences there are, so that no known one hides another. */
  readonly count: number;
}

const settings: Readonly<Record<string, Setting>> = {
  default: {count: 227},
  flat: {
    count: 134,
    connector: {afterStateOnly: true, events: {deleteTombstoneHandlingMode: 'rewrite'}},
  },
  options: {
    count: 200,
    connector: {
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
    source: {publishViaPartitionRoot: true},
  },
};

describe('Debezium 3.6', () => {
  test.each(Object.entries(settings))(
    'writes what we write: %s',
    async (name, {count, ...setting}) => {
      const recording = readRecording(`${script}.${name}.jsonl`);
      const ours = await capture(inject('postgresPort'), scripts, setting);

      const expected = knownDifferences.filter(({only}) => only?.includes(name) ?? true);
      const differences = compare(recording, ours);
      const entryOf = (difference: Difference) =>
        expected.find(({where}) => where.test(placeOf(difference)));
      const seen = new Set(differences.map(entryOf));

      expect(differences.filter((difference) => entryOf(difference) === undefined)).toEqual([]);
      expect(expected.filter((entry) => !seen.has(entry))).toEqual([]);
      expect(differences).toHaveLength(count);
    },
  );
});

/** `strings.value.after.named`: the table, then the path. */
function placeOf({topic, path}: Difference): string {
  return `${topic.slice(topic.lastIndexOf('.') + 1)}.${path}`;
}
