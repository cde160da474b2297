import {describe, expect, test} from 'vitest';
import {searchRights} from '../../src/demo/server-account.ts';

function status(permitted: string): string {
  return `Name:\tnode\nCapInh:\t0000000000000000\nCapPrm:\t${permitted}\nCapEff:\t${permitted}\n`;
}

describe('searchRights', () => {
  test('are given on by root, who has all rights', () => {
    expect(searchRights(status('000001ffffffffff'))).toEqual([
      '--inh-caps=+dac_read_search',
      '--ambient-caps=+dac_read_search',
      '--securebits=+no_setuid_fixup',
    ]);
  });

  test.each([
    ['root in a container, who lacks CAP_DAC_READ_SEARCH', '00000000a80425fb'],
    ['root without CAP_SETPCAP', '0000000000000004'],
    ['anybody else', '0000000000000000'],
  ])('are not asked for by %s', (_who, permitted) => {
    expect(searchRights(status(permitted))).toEqual([]);
  });
});
