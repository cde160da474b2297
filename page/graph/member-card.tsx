import type {JSX} from 'preact';
import type {PipelineSnapshot} from '../../src/monitor/pipeline.ts';
import {count, percent, rate} from '../format.ts';
import {boxStyle} from './box-style.ts';
import type {MemberBox} from './layout.ts';
import {loadOf, loadText} from './load.ts';
import {NodeIcon} from './node-icon.tsx';

interface MemberProps {
  readonly box: MemberBox;
  readonly snapshot: PipelineSnapshot | undefined;
  readonly isChosen: boolean;
  readonly isTraced: boolean;
  readonly onChoose: (id: string) => void;
}

/** One operator, store or topic inside of a step that is open. */
export function MemberCard({
  box,
  snapshot,
  isChosen,
  isTraced,
  onChoose,
}: MemberProps): JSX.Element {
  const {node} = box;
  const numbers = snapshot?.nodes[node.id] ?? {};
  const load = loadOf(numbers);
  const name = node.kind === 'operator' ? node.detail : node.name;
  const value =
    node.kind === 'store' && numbers.entries !== undefined
      ? `${numbers.isExact === false ? '≈' : ''}${count(numbers.entries)} rows`
      : rate(numbers.rate);
  return (
    <div
      class={`node member ${node.kind} ${load}${isChosen ? ' chosen' : ''}${isTraced ? ' traced' : ''}`}
      style={boxStyle(box)}
    >
      <button
        type="button"
        class="card"
        data-node={node.id}
        title={node.name}
        aria-pressed={isChosen}
        onClick={() => onChoose(node.id)}
      >
        <span class="hidden">{node.kind} </span>
        <span class="head">
          <NodeIcon kind={node.kind} />
          <span class="name one-line">{name}</span>
        </span>
        <span class="numbers">
          <b>{value}</b>
          <span>{node.kind === 'operator' ? percent(numbers.busy) : ''}</span>
        </span>
        <span class="hidden">, {loadText[load]}</span>
      </button>
    </div>
  );
}
