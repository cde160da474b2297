/** Kafka's limit. */
const longestName = 249;

/**
 * The topic of a table: `<topic.prefix>.<schema>.<table>`, `_` for each UTF-16 unit that Kafka does not allow in topic
 * names, cut where Kafka's limit is; as Debezium does it. Different tables may come to the same name.
 */
export function topicName(prefix: string, schema: string, table: string): string {
  return `${prefix}.${schema}.${table}`.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, longestName);
}
