import {FatalError} from '../common/errors.ts';
import type {SinkConfig} from '../config/sink-config.ts';
import type {SinkTopic} from '../sinks/table-definition.ts';
import type {TopicSink} from '../streams/topic.ts';
import * as declared from '../topics.ts';

/**
 * What the records of a sink's topics look like, by the declarations in `src/topics.ts`.
 *
 * @throws FatalError CONFIG_INVALID for a topic that is not declared there.
 */
export function sinkTopics({name, topics}: SinkConfig): readonly SinkTopic[] {
  const known = Object.values(declared as Readonly<Record<string, object>>)
    .filter(isTopic)
    .filter(({internal}) => !internal);
  return topics.map((topic) => {
    const found = known.find((candidate) => candidate.name === topic);
    if (found !== undefined) return {name: found.name, key: found.key, value: found.value};
    const names = known.map((candidate) => candidate.name).join(', ');
    throw new FatalError(
      'CONFIG_INVALID',
      `sinks.${name}.topics: ${topic} is not declared in src/topics.ts; declared are ${names}`,
    );
  });
}

function isTopic(value: object): value is TopicSink<never, never> {
  return 'internal' in value && 'key' in value;
}
