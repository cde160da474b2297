import {array, notNull} from '../../../serde/schema.ts';
import {parseArray} from './array-text.ts';
import {lost} from './column-type.ts';
import type {ColumnType, ReportLoss} from './column-type.ts';

/**
 * A one-dimensional array of a type. A value of more dimensions does not fit its schema (Postgres does not tell the
 * dimensions of a column) and becomes null, reported.
 */
export function arrayType(
  element: ColumnType,
  unavailable: string,
  reportLoss: ReportLoss,
): ColumnType {
  return {
    schema: array(element.schema),
    toJson: (text) => {
      const elements = parseArray(text);
      if (elements === undefined) return lost(text, reportLoss);
      const items = elements.map((item) => (item === null ? 'null' : element.toJson(item)));
      return `[${items.join(',')}]`;
    },
    zero: '[]',
    unavailable,
  };
}

/** Debezium's schema has no null among the labels: an array with one becomes null, reported. */
export function enumArrayType(element: ColumnType, reportLoss: ReportLoss): ColumnType {
  const type = arrayType(element, 'null', reportLoss);
  return {
    ...type,
    schema: array(notNull(element.schema)),
    toJson: (text) =>
      parseArray(text)?.includes(null) === true ? lost(text, reportLoss) : type.toJson(text),
  };
}
