import {array} from '../../serde/schema.ts';
import {parseArray} from './array-text.ts';
import {UNAVAILABLE_CODES, UNAVAILABLE_JSON, UNAVAILABLE_UUID} from './column-type.ts';
import type {ColumnType, ReportLoss} from './column-type.ts';

/**
 * A one-dimensional array of a type. A value of more dimensions does not fit its schema (Postgres does not tell the
 * dimensions of a column) and becomes null, reported.
 */
export function arrayType(element: ColumnType, reportLoss: ReportLoss): ColumnType {
  return {
    schema: array(element.schema),
    toJson: (text) => {
      const elements = parseArray(text);
      if (elements === undefined) {
        reportLoss(text);
        return 'null';
      }
      const items = elements.map((item) => (item === null ? 'null' : element.toJson(item)));
      return `[${items.join(',')}]`;
    },
    zero: '[]',
    unavailable: unavailable(element),
  };
}

/** Debezium's placeholders: byte codes for whole numbers and dates, a name-based UUID, else the placeholder itself. */
function unavailable({schema}: ColumnType): string {
  if (schema.name === 'io.debezium.data.Uuid') return `["${UNAVAILABLE_UUID}"]`;
  if (schema.type === 'VARCHAR') return `[${UNAVAILABLE_JSON}]`;
  const codes = ['INTEGER', 'BIGINT'].includes(schema.type);
  return codes ? UNAVAILABLE_CODES : 'null';
}
