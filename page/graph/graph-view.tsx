import type {JSX} from 'preact';
import {useMemo} from 'preact/hooks';
import type {PipelineGraph, PipelineSnapshot} from '../../src/monitor/pipeline.ts';
import {useWidth} from '../use-width.ts';
import {boxStyle} from './box-style.ts';
import {layOut} from './layout.ts';
import type {Line} from './layout.ts';
import {Lines} from './lines.tsx';
import {MemberCard} from './member-card.tsx';
import {NodeCard, numbersOf} from './node-card.tsx';
import type {Steps} from './steps.ts';

interface GraphProps {
  readonly graph: PipelineGraph;
  readonly steps: Steps;
  readonly snapshot: PipelineSnapshot | undefined;
  readonly opened: ReadonlySet<string>;
  readonly chosen: string | undefined;
  /** Nodes that the lineage of an order has come through. */
  readonly traced: ReadonlySet<string>;
  readonly onChoose: (id: string) => void;
  readonly onToggle: (step: string) => void;
}

/** The pipeline from left to right. */
export function GraphView(props: GraphProps): JSX.Element {
  const {graph, steps, snapshot, opened, chosen, traced, onChoose, onToggle} = props;
  const [ref, width] = useWidth();
  const layout = useMemo(
    () => (width === 0 ? undefined : layOut(graph, steps, opened, width)),
    [graph, steps, opened, width],
  );
  const isTraced = (id: string): boolean =>
    traced.has(id) ||
    (steps.steps.find((step) => step.id === id)?.members.some((node) => traced.has(node.id)) ??
      false);
  const isFlowing = ({from}: Line): boolean => {
    const step = steps.steps.find(({id}) => id === from);
    const numbers = step === undefined ? snapshot?.nodes[from] : numbersOf(step, snapshot);
    return (numbers?.rate ?? 0) > 0;
  };
  return (
    <div class="graph-scroll" ref={ref} tabIndex={0} role="region" aria-label="Pipeline graph">
      {layout !== undefined && (
        <div
          class={`graph${traced.size > 0 ? ' tracing' : ''}`}
          style={{width: `${layout.width}px`, height: `${layout.height}px`}}
        >
          {layout.frames.map(({label, step, ...box}) => (
            <div key={box.id} class="frame" style={boxStyle(box)}>
              {step === undefined ? (
                <span class="frame-label">{label}</span>
              ) : (
                <button type="button" class="frame-label" onClick={() => onToggle(step)}>
                  <span aria-hidden="true">− </span>
                  {label}
                  <span class="hidden">: close</span>
                </button>
              )}
            </div>
          ))}
          <Lines
            layout={layout}
            isFlowing={isFlowing}
            isTraced={({from, to}) => isTraced(from) && isTraced(to)}
          />
          {layout.steps.map((box) => (
            <NodeCard
              key={box.id}
              box={box}
              snapshot={snapshot}
              isChosen={chosen === box.id}
              isTraced={isTraced(box.id)}
              onChoose={onChoose}
              onOpen={onToggle}
            />
          ))}
          {layout.members.map((box) => (
            <MemberCard
              key={box.id}
              box={box}
              snapshot={snapshot}
              isChosen={chosen === box.id}
              isTraced={traced.has(box.id)}
              onChoose={onChoose}
            />
          ))}
        </div>
      )}
    </div>
  );
}
