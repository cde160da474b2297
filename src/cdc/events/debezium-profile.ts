/** The line of Debezium whose change events are written: fields, their order, names and versions of the schemas. */
export type DebeziumProfile = '3' | '1';

/** `source.version`: the release whose events these are. */
export const debeziumVersion: Readonly<Record<DebeziumProfile, string>> = {
  3: '3.6.0.Final',
  1: '1.9.8.Final',
};
