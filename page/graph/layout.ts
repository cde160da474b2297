import {graphlib, layout} from '@dagrejs/dagre';
import type {PipelineGraph, PipelineNode} from '../../src/monitor/pipeline.ts';
import type {Step, Steps} from './steps.ts';

type Graph = InstanceType<typeof graphlib.Graph>;

export interface Box {
  readonly id: string;
  /** Left upper corner, in pixels. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface StepBox extends Box {
  readonly step: Step;
}

export interface MemberBox extends Box {
  readonly node: PipelineNode;
}

export interface Frame extends Box {
  readonly label: string;
  /** The step that closes with it; undefined for a sub-topology. */
  readonly step: string | undefined;
}

export interface Line {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly points: readonly {readonly x: number; readonly y: number}[];
  /** To or from a store. */
  readonly isState: boolean;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly steps: readonly StepBox[];
  readonly members: readonly MemberBox[];
  readonly frames: readonly Frame[];
  readonly lines: readonly Line[];
}

const GAP_X = 30;
const GAP_Y = 16;
const MARGIN = 2;
const PADDING_HEIGHT = 16;
const NAME_HEIGHT = 15;
const LINE_HEIGHT = 18;
/** Beside its name a card has an icon, and a step a button. */
const BESIDE_NAME = 60;
const CHARACTER_WIDTH = 7.2;
const MEMBER = {width: 128, height: 42};
const LABEL_HEIGHT = 12;
const NARROWEST = 132;
const WIDEST = 214;
/** Beside a step that is open, when the graph is wider than the page anyway. */
const OPENED_WIDTH = 152;

/** Places everything from left to right; steps are as wide as `available` allows, so that the whole pipeline is seen. */
export function layOut(
  graph: PipelineGraph,
  steps: Steps,
  opened: ReadonlySet<string>,
  available: number,
): Layout {
  if (opened.size > 0) {
    const isAll = steps.steps.every(({kind, id}) => kind !== 'step' || opened.has(id));
    return place(graph, steps, opened, OPENED_WIDTH, isAll);
  }
  const first = place(graph, steps, opened, WIDEST, false);
  const columns = new Set(first.steps.map(({x}) => Math.round(x))).size;
  const width = Math.floor((available - 2 * MARGIN - (columns - 1) * GAP_X) / columns);
  const fitting = Math.max(NARROWEST, Math.min(WIDEST, width));
  return fitting === WIDEST ? first : place(graph, steps, opened, fitting, false);
}

function place(
  graph: PipelineGraph,
  {steps, edges}: Steps,
  opened: ReadonlySet<string>,
  width: number,
  bySubTopology: boolean,
): Layout {
  const g = new graphlib.Graph({compound: true, multigraph: false});
  g.setGraph({
    rankdir: 'LR',
    ranksep: GAP_X,
    nodesep: opened.size > 0 ? GAP_Y + LABEL_HEIGHT : GAP_Y,
    edgesep: 8,
    marginx: MARGIN,
    marginy: opened.size > 0 ? MARGIN + LABEL_HEIGHT : MARGIN,
    // Network simplex takes seconds for all the operators.
    ranker: opened.size > 0 ? 'tight-tree' : 'network-simplex',
  });
  g.setDefaultEdgeLabel(() => ({}));
  const isOpen = (step: Step): boolean => step.kind === 'step' && opened.has(step.id);
  const frames = new Map<string, {label: string; step: string | undefined}>();
  const placeOf = new Map<string, string>();
  for (const step of steps) {
    if (isOpen(step)) {
      for (const node of step.members) {
        placeOf.set(node.id, node.id);
        g.setNode(node.id, {...MEMBER});
        const frame = frameOf(node, step, bySubTopology);
        if (frame === undefined) continue;
        frames.set(frame.id, frame);
        g.setNode(frame.id, {});
        g.setParent(node.id, frame.id);
      }
    } else {
      for (const node of step.members) placeOf.set(node.id, step.id);
      g.setNode(step.id, {width, height: stepHeight(step, width)});
    }
  }
  const shown = new Set(edges.map(({from, to}) => `${from} ${to}`));
  const stepOf = new Map(steps.flatMap((step) => step.members.map(({id}) => [id, step.id])));
  const states = new Set<string>();
  for (const {from, to, kind} of graph.edges) {
    const [a, b] = [placeOf.get(from), placeOf.get(to)];
    if (a === undefined || b === undefined || a === b) continue;
    const [aStep, bStep] = [stepOf.get(from), stepOf.get(to)];
    const areBothClosed = a === aStep && b === bStep;
    if (areBothClosed && !shown.has(`${a} ${b}`)) continue;
    g.setEdge(a, b);
    if (kind === 'state' && !areBothClosed) states.add(`${a} ${b}`);
  }
  layout(g);
  return read(g, steps, frames, states, graph.nodes);
}

function read(
  g: Graph,
  steps: readonly Step[],
  frames: ReadonlyMap<string, {readonly label: string; readonly step: string | undefined}>,
  states: ReadonlySet<string>,
  nodes: readonly PipelineNode[],
): Layout {
  const box = (id: string): Box => {
    const {x, y, width, height} = g.node(id) as {
      x: number;
      y: number;
      width: number;
      height: number;
    };
    return {id, x: Math.round(x - width / 2), y: Math.round(y - height / 2), width, height};
  };
  const alone = new Set(steps.map(({id}) => id));
  const {width = 0, height = 0} = g.graph() as {width?: number; height?: number};
  return {
    width,
    height,
    steps: steps.flatMap((step) => (g.hasNode(step.id) ? [{...box(step.id), step}] : [])),
    members: nodes.flatMap((node) =>
      g.hasNode(node.id) && !alone.has(node.id) ? [{...box(node.id), node}] : [],
    ),
    frames: [...frames].map(([id, frame]) => ({...withLabel(box(id)), ...frame})),
    lines: g.edges().map(({v, w}: {v: string; w: string}) => {
      const [from, to] = [box(v), box(w)];
      const {points = []} = g.edge(v, w) as {points?: {x: number; y: number}[]};
      const start = {x: from.x + from.width, y: from.y + from.height / 2};
      const end = {x: to.x, y: to.y + to.height / 2};
      return {
        id: `${v} ${w}`,
        from: v,
        to: w,
        isState: states.has(`${v} ${w}`),
        points: [start, ...points.slice(1, -1), end],
      };
    }),
  };
}

/** A frame has its name above what is in it. */
function withLabel(box: Box): Box {
  return {...box, y: box.y - LABEL_HEIGHT, height: box.height + LABEL_HEIGHT};
}

function frameOf(
  node: PipelineNode,
  step: Step,
  bySubTopology: boolean,
): {id: string; label: string; step: string | undefined} | undefined {
  if (!bySubTopology) return {id: `frame ${step.id}`, label: step.title, step: step.id};
  return node.group === null
    ? undefined
    : {id: `frame ${node.group}`, label: node.group, step: undefined};
}

function stepHeight({kind, title, subtitle, members}: Step, width: number): number {
  const stores = members.filter((member) => member.kind === 'store').length;
  const lines = 1 + (kind === 'topic' || subtitle === '' ? 0 : 1) + (kind === 'step' ? stores : 0);
  return PADDING_HEIGHT + nameLines(title, width) * NAME_HEIGHT + lines * LINE_HEIGHT;
}

/** How many lines a name takes that breaks after its dots, dashes and underscores. */
function nameLines(name: string, width: number): number {
  const fits = Math.floor((width - BESIDE_NAME) / CHARACTER_WIDTH);
  let lines = 1;
  let used = 0;
  for (const part of name.split(/(?<=[._-])|(?<= )/)) {
    if (used > 0 && used + part.length > fits) {
      lines++;
      used = 0;
    }
    used += part.length;
    lines += Math.max(0, Math.ceil(part.length / fits) - 1);
  }
  return lines;
}
