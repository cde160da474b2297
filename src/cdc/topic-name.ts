/** The topic of a table: `<topic.prefix>.<schema>.<table>`, `_` for what Kafka does not allow in topic names. */
export function topicName(prefix: string, schema: string, table: string): string {
  return `${prefix}.${schema}.${table}`.replace(/[^A-Za-z0-9._-]/gu, '_');
}
