import {FatalError} from '../../common/errors.ts';
import type {Format} from '../../serde/format.ts';
import type {TopicSink} from '../topic.ts';
import type {Node, StoreSpec} from './node.ts';
import {subTopologies} from './sub-topologies.ts';
import type {SubTopology} from './sub-topologies.ts';

/** @throws FatalError TOPOLOGY_INVALID when the nodes do not make a topology that can run. */
export function validateTopology(nodes: readonly Node[], stores: readonly StoreSpec[]): void {
  checkNames(nodes, stores);
  checkReferences(nodes, stores);
  checkTopics(nodes, stores);
  checkCycles(nodes);
  for (const subTopology of subTopologies(nodes)) checkCopartitioned(subTopology);
}

function checkNames(nodes: readonly Node[], stores: readonly StoreSpec[]): void {
  const node = firstRepeated(nodes.map(({name}) => name));
  if (node !== undefined) throw invalid(`two nodes are named "${node}"; give each its own name`);
  const store = firstRepeated(stores.map(({name}) => name));
  if (store !== undefined) {
    throw invalid(`two tables are kept in "${store}"; give each a topic of its own`);
  }
}

function checkReferences(nodes: readonly Node[], stores: readonly StoreSpec[]): void {
  const names = new Set(nodes.map(({name}) => name));
  const storeNames = new Set(stores.map(({name}) => name));
  for (const node of nodes) {
    if (node.kind === 'source') continue;
    if (node.parents.length === 0) throw invalid(`${node.name} has no parent, nothing reaches it`);
    const parent = node.parents.find((name) => !names.has(name));
    if (parent !== undefined) throw invalid(`${node.name} has an unknown parent "${parent}"`);
    if (node.kind === 'sink') continue;
    const store = node.operator.stores.find((name) => !storeNames.has(name));
    if (store !== undefined) throw invalid(`${node.name} opens an unknown store "${store}"`);
  }
}

/** One reader and one meaning per topic: its records must be the same bytes to all who touch it. */
function checkTopics(nodes: readonly Node[], stores: readonly StoreSpec[]): void {
  const sources = nodes.filter((node) => node.kind === 'source');
  const twice = firstRepeated(sources.map(({topic}) => topic.name));
  if (twice !== undefined) {
    throw invalid(`topic "${twice}" is read twice; call stream() once and share what it returns`);
  }
  const declared = new Map<string, TopicSink<any, any>>();
  for (const {topic} of nodes.filter((node) => node.kind !== 'operator')) {
    const first = declared.get(topic.name) ?? topic;
    declared.set(topic.name, first);
    const side = differingSide(first, topic);
    if (side !== undefined) {
      throw invalid(
        `topic "${topic.name}" is declared with two ${side} formats, ${formatText(first[side])} and ` +
          `${formatText(topic[side])}; declare it once and use that`,
      );
    }
  }
  for (const {name, changelog} of stores) {
    if (declared.has(changelog.name)) {
      throw invalid(
        `topic "${changelog.name}" holds the rows of table "${name}" and is also read or written as a stream; ` +
          'use the table, or give it another topic',
      );
    }
  }
}

function differingSide(
  a: TopicSink<any, any>,
  b: TopicSink<any, any>,
): 'key' | 'value' | undefined {
  if (!sameFormat(a.key, b.key)) return 'key';
  return sameFormat(a.value, b.value) ? undefined : 'value';
}

/** Records that come back to where they were would go round for ever; topics count as edges. */
function checkCycles(nodes: readonly Node[]): void {
  const done = new Set<string>();
  for (const node of nodes) visit(node, []);

  function visit(node: Node, path: readonly string[]): void {
    if (path.includes(node.name)) {
      const cycle = [...path.slice(path.indexOf(node.name)), node.name];
      throw invalid(`its nodes form a cycle: ${cycle.join(' -> ')}`);
    }
    if (done.has(node.name)) return;
    for (const child of nodes) {
      if (follows(child, node)) visit(child, [...path, node.name]);
    }
    done.add(node.name);
  }
}

function follows(child: Node, node: Node): boolean {
  if (child.kind !== 'source') return child.parents.includes(node.name);
  return node.kind === 'sink' && node.topic.name === child.topic.name;
}

/** Equal keys must be equal bytes on all topics of a sub-topology, or they land in different tasks. */
function checkCopartitioned({id, nodes}: SubTopology): void {
  const [first, ...rest] = nodes.filter((node) => node.kind === 'source');
  if (first === undefined) return;
  const {topic: a} = first;
  for (const {topic: b} of rest) {
    if (!sameFormat(a.key, b.key)) {
      throw invalid(
        `sub-topology ${id} reads "${a.name}" keyed as ${formatText(a.key)} and "${b.name}" keyed as ` +
          `${formatText(b.key)}: equal keys would land in different partitions; repartition one of them`,
      );
    }
  }
}

function sameFormat(a: Format, b: Format): boolean {
  return a.name === b.name && JSON.stringify(a.schema) === JSON.stringify(b.schema);
}

function formatText({name, schema}: Format): string {
  const columns = schema.fields === undefined ? '' : ` (${Object.keys(schema.fields).join(', ')})`;
  const title = schema.name === undefined ? '' : ` ${schema.name}`;
  return `${name} ${schema.type}${title}${columns}${schema.nullable ? ' nullable' : ''}`;
}

function firstRepeated(names: readonly string[]): string | undefined {
  return names.find((name, i) => names.indexOf(name) !== i);
}

function invalid(message: string): FatalError {
  return new FatalError('TOPOLOGY_INVALID', `The topology cannot run: ${message}.`);
}
