import {changelogName, topicName} from '../../streams/runtime/topic-names.ts';
import type {Topology} from '../../streams/topology/topology.ts';

/** Topics that the topology writes, by what a reset does with them; names in Kafka. */
export interface ResetTopics {
  /** What it keeps state in or reads back: with old records in them it would not begin anew. */
  readonly internal: readonly string[];
  /** What only others read. */
  readonly outputs: readonly string[];
}

/** Sorted; whether they exist is another question. */
export function resetTopics(topology: Topology, applicationId: string): ResetTopics {
  const written = topology.nodes.filter((node) => node.kind === 'sink');
  const internal = new Set(topology.stores.map((store) => changelogName(applicationId, store)));
  const outputs = new Set<string>();
  for (const {topic} of written) {
    const name = topicName(applicationId, topic);
    if (topic.internal || topology.sourceOf(topic.name) !== undefined) internal.add(name);
    else if (!internal.has(name)) outputs.add(name);
  }
  return {internal: [...internal].toSorted(), outputs: [...outputs].toSorted()};
}
