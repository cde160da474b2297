import type {Config} from '../../src/config/config.ts';
import * as topics from '../../src/topics.ts';

/** The topics that src/topology.ts reads from the sources, sorted. */
export const sourceTopics: readonly string[] = [
  topics.customersCdc,
  topics.demographicsCdc,
  topics.productsCdc,
  topics.ordersCdc,
]
  .map(({name}) => name)
  .toSorted();

/** Where the configuration brings its tables, sorted. */
export function capturedTopics({sources = []}: Config): readonly string[] {
  return sources
    .flatMap(({topicPrefix, capture: {tableIncludeList = []}}) =>
      tableIncludeList.map((table) => `${topicPrefix}.${table}`),
    )
    .toSorted();
}

/** What its sinks load, and src/topics.ts does not have. */
export function unknownSinkTopics({sinks}: Config): readonly string[] {
  const known = new Set(Object.values(topics).map((value) => ('name' in value ? value.name : '')));
  return sinks.flatMap((sink) => sink.topics).filter((name) => !known.has(name));
}
