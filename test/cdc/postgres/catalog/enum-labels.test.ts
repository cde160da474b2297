import {describe, expect, test} from 'vitest';
import {EnumLabels} from '../../../../src/cdc/postgres/catalog/enum-labels.ts';
import {column, relation} from '../../../support/scripted-source.ts';
import {tuple} from '../../../support/tuple.ts';

const labels = ['sad', 'so, so'];
const table = relation({
  columns: [
    column('id'),
    column('mood', 'a.mood', {typeOid: 1, enumLabels: labels}),
    column('moods', '_a.mood', {typeOid: 2, enumLabels: labels}),
  ],
});

describe('EnumLabels', () => {
  test('is not there for a table without an enum', () => {
    expect(EnumLabels.of(relation(), undefined)).toBeUndefined();
  });

  test('knows the labels of the catalog, also in arrays, and what is no label', () => {
    const known = EnumLabels.of(table, undefined);

    expect(known?.meetsNew(tuple(['any text', 'sad', '{sad,NULL,"so, so"}']))).toBe(false);
    expect(known?.meetsNew(tuple(['1', null, undefined]))).toBe(false);
  });

  test('meets a new label once', () => {
    const known = EnumLabels.of(table, undefined);

    expect(known?.meetsNew(tuple(['1', 'new', null]))).toBe(true);
    expect(known?.meetsNew(tuple(['2', 'new', null]))).toBe(false);
    expect(known?.meetsNew(tuple(['3', null, '{sad,new}']))).toBe(true);
  });

  test('remembers a label that the catalog does not have, since it was renamed there', () => {
    const earlier = EnumLabels.of(table, undefined);
    earlier?.meetsNew(tuple(['1', 'old name', null]));

    const known = EnumLabels.of(table, earlier);

    expect(known?.meetsNew(tuple(['2', 'old name', null]))).toBe(false);
  });
});
