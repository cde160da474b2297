import {timestamptz, varchar} from '../../../serde/schema.ts';
import {isoDate, timeOfDay} from './civil-time.ts';
import type {ColumnType} from './column-type.ts';
import {zonedTimestampWriter} from './temporal-writers.ts';

const SECONDS_PER_DAY = 86_400;

/** ISO 8601 in UTC with as many fraction digits as the column has. The session's time zone is UTC. */
export function timestamptzType(typeModifier: number): ColumnType {
  const digits = typeModifier < 0 ? 6 : typeModifier;
  return {
    schema: timestamptz(),
    toJson: (text) => {
      if (text.endsWith('infinity')) return '"' + text + '"';
      return '"' + zonedTimestamp(text, digits) + '"';
    },
    writeJson: zonedTimestampWriter(digits),
    zero: '"1970-01-01T00:00:00Z"',
    unavailable: 'null',
  };
}

/** `2024-01-01 21:34:05.12+00` → `2024-01-01T21:34:05.120000Z`. */
function zonedTimestamp(text: string, digits: number): string {
  const space = text.indexOf(' ');
  const zone = text.indexOf('+', space);
  const day = isoDate(text.slice(0, space), text.endsWith(' BC'));
  const clock = text.slice(space + 1, space + 9);
  if (digits === 0) return `${day}T${clock}Z`;
  return `${day}T${clock}.${text.slice(space + 10, zone).padEnd(digits, '0')}Z`;
}

/** The time of day at UTC, with the fraction digits that Postgres wrote. */
export const timetzType: ColumnType = {
  schema: {...varchar(), name: 'io.debezium.time.ZonedTime', version: 1},
  toJson: (text) => '"' + zonedTime(text) + '"',
  zero: '"00:00:00Z"',
  unavailable: 'null',
};

/** `04:05:06.789-08` → `12:05:06.789Z`. */
function zonedTime(text: string): string {
  const {end} = timeOfDay(text, 0);
  const fraction = text.slice(8, end);
  const [hours = 0, minutes = 0, seconds = 0] = text
    .slice(end + 1)
    .split(':')
    .map(Number);
  const east = (hours * 60 + minutes) * 60 + seconds;
  const offset = text[end] === '-' ? -east : east;
  const local = timeOfDay(text.slice(0, 8), 0).micros / 1_000_000;
  const utc = (((local - offset) % SECONDS_PER_DAY) + SECONDS_PER_DAY) % SECONDS_PER_DAY;
  return `${two(utc / 3600)}:${two((utc / 60) % 60)}:${two(utc % 60)}${fraction}Z`;
}

function two(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}
