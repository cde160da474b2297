import type {SinkConfig} from '../config/sink-config.ts';
import type {Schema} from '../serde/schema.ts';
import type {SinkTopic, UndeclaredTopic} from '../sinks/table-definition.ts';
import type {TopicSink} from '../streams/topic.ts';
import * as declared from '../topics.ts';

/**
 * What the records of a sink's topics look like: by the declarations in `src/topics.ts`, and of other topics and of change
 * events by the schemas that they name.
 */
export function sinkTopics({topics}: SinkConfig): readonly (SinkTopic | UndeclaredTopic)[] {
  const known = Object.values(declared as Readonly<Record<string, object>>)
    .filter(isTopic)
    .filter(({internal, value}) => !internal && !isChangeEvent(value.schema));
  return topics.map((topic) => {
    const found = known.find(({name}) => name === topic);
    return found === undefined
      ? {name: topic}
      : {name: found.name, key: found.key, value: found.value};
  });
}

function isTopic(value: object): value is TopicSink<never, never> {
  return 'internal' in value && 'key' in value;
}

/** An envelope of Debezium's, or its row with `__deleted`: a declaration names only what a topology reads of it. */
function isChangeEvent({fields = {}}: Schema): boolean {
  return '__deleted' in fields || ('after' in fields && 'op' in fields);
}
