import type {LineageAnswer, LineageNode} from '../../src/streams/runtime/queries/lineage-answer.ts';
import type {PipelineGraph} from '../../src/monitor/pipeline.ts';

/**
 * The nodes of the graph that a record has come through: the tables that it was changed in, the topics that it was read
 * from, the tables that it was joined with, and the operators between those.
 */
export function tracedNodes(answer: LineageAnswer, graph: PipelineGraph): ReadonlySet<string> {
  const named = new Set<string>();
  const byTopic = new Map(
    graph.nodes.flatMap(({id, kind, topic}) =>
      topic !== null && kind !== 'table' && kind !== 'warehouse' ? [[topic, id]] : [],
    ),
  );
  for (const {lineage, warehouse} of answer.records) {
    add(lineage);
    for (const {sink, table} of warehouse) named.add(`warehouse/${sink}/${table}`);
  }
  for (const {lineage} of answer.waiting) add(lineage);
  if (answer.records.length > 0) named.add(byTopic.get(answer.topic) ?? '');
  return between(named, graph);

  function add(node: LineageNode | null): void {
    if (node === null) return;
    const {change, steps} = node;
    if (change !== null) named.add(`table/${change.source}/${change.table}`);
    for (const step of steps) {
      if (step.kind === 'read') named.add(byTopic.get(step.topic) ?? '');
      else {
        named.add(`store/${step.table}`);
        add(step.row);
      }
    }
  }
}

/** What lies on a way from one of the nodes to another, the nodes among it. */
function between(named: ReadonlySet<string>, {nodes, edges}: PipelineGraph): ReadonlySet<string> {
  const after = reached(named, (id) => edges.flatMap(({from, to}) => (from === id ? [to] : [])));
  const before = reached(named, (id) => edges.flatMap(({from, to}) => (to === id ? [from] : [])));
  // A table that was not involved is on such a way only as the source of one that was.
  const ids = nodes.filter(({kind}) => kind === 'operator' || kind === 'topic').map(({id}) => id);
  return new Set([...named, ...ids.filter((id) => after.has(id) && before.has(id))]);
}

function reached(
  from: ReadonlySet<string>,
  next: (id: string) => readonly string[],
): ReadonlySet<string> {
  const seen = new Set(from);
  const open = [...from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const other of next(id)) {
      if (seen.has(other)) continue;
      seen.add(other);
      open.push(other);
    }
  }
  return seen;
}
