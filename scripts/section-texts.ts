/** What the sections of a configuration are. */
export const sectionTexts = {
  kafka: 'A cluster for the topics. Without `kafka`, an embedded log keeps them in `data.dir`.',
  'schema.registry':
    'A registry for the schemas of keys and values. Without `schema.registry`, an embedded one keeps them in the topic `_schemas`.',
  sources:
    'One section for each Postgres database, under a name of your choice. Without `sources`, an embedded Postgres runs with generated rows and a workload.',
  sinks:
    'One section for each warehouse, under a name of your choice. Without `sinks`, `orders_enriched` goes to `warehouse.duckdb` in `data.dir`. Which further keys there are depends on the `connector`.',
} as const;
