import type {JSX} from 'preact';
import type {NodeNumbers, PipelineSnapshot} from '../../src/monitor/pipeline.ts';
import {bytes, count, rate} from '../format.ts';
import {boxStyle} from './box-style.ts';
import type {StepBox} from './layout.ts';
import {loadOf, loadText, together} from './load.ts';
import {Name} from './name.tsx';
import {NodeIcon} from './node-icon.tsx';
import type {Step} from './steps.ts';

interface CardProps {
  readonly box: StepBox;
  readonly snapshot: PipelineSnapshot | undefined;
  readonly isChosen: boolean;
  readonly isTraced: boolean;
  readonly onChoose: (id: string) => void;
  readonly onOpen: (step: string) => void;
}

const kinds: Readonly<Record<Step['kind'], string>> = {
  table: 'Postgres table',
  topic: 'topic',
  step: 'step',
  warehouse: 'warehouse table',
};

/** A table, a topic, a warehouse, or the operators of a step, closed. */
export function NodeCard(props: CardProps): JSX.Element {
  const {box, snapshot, isChosen, isTraced, onChoose, onOpen} = props;
  const {step} = box;
  const numbers = numbersOf(step, snapshot);
  const load = loadOf(numbers);
  const stores = step.members.filter(({kind}) => kind === 'store');
  const operators = step.members.filter(({kind}) => kind === 'operator').length;
  return (
    <div
      class={`node ${step.kind} ${load}${isChosen ? ' chosen' : ''}${isTraced ? ' traced' : ''}`}
      style={boxStyle(box)}
    >
      <button
        type="button"
        class="card"
        data-node={step.id}
        aria-pressed={isChosen}
        onClick={() => onChoose(step.id)}
      >
        <span class="hidden">{kinds[step.kind]} </span>
        <span class="head">
          <NodeIcon kind={step.kind} />
          <span class="name">
            <Name text={step.title} />
          </span>
        </span>
        <span class="sub">{step.kind === 'topic' ? '' : step.subtitle}</span>
        <span class="numbers">
          <b>{rate(numbers.rate)}</b>
          <span>{aside(step, numbers)}</span>
        </span>
        {stores.map(({id, name, topic}) => (
          <StoreLine
            key={id}
            name={topic === null ? short(name) : 'rows'}
            numbers={snapshot?.nodes[id]}
          />
        ))}
        <span class="hidden">, {loadText[load]}</span>
      </button>
      {step.kind === 'step' && (
        <button
          type="button"
          class="open"
          title={`Open its ${operators} operators`}
          aria-label={`Open the ${operators} operators of ${step.title}`}
          onClick={() => onOpen(step.id)}
        >
          <span aria-hidden="true">+</span>
        </button>
      )}
    </div>
  );
}

function StoreLine({
  name,
  numbers,
}: {
  readonly name: string;
  readonly numbers: NodeNumbers | undefined;
}): JSX.Element {
  const {entries, isExact = true, bytes: size} = numbers ?? {};
  // Where one task has everything some stores are not kept.
  if (entries === undefined) return <span class="store-line" title={`${name}: not kept here`} />;
  return (
    <span class="store-line">
      <NodeIcon kind="store" />
      <b>
        {isExact ? '' : '≈'}
        {count(entries)}
      </b>
      <span class="store-name">{name}</span>
      <span>{size === undefined ? '' : bytes(size)}</span>
    </span>
  );
}

/** `orders-waiting-for-product` is what waits. */
function short(store: string): string {
  return store.includes('waiting') ? 'waiting' : store;
}

function aside(step: Step, {records, lag}: NodeNumbers): string {
  if (lag !== undefined && lag !== null && lag > 0) return `${count(lag)} behind`;
  return step.kind === 'step' || records === undefined ? '' : count(records);
}

export function numbersOf(step: Step, snapshot: PipelineSnapshot | undefined): NodeNumbers {
  const of = (ids: readonly string[]): readonly NodeNumbers[] =>
    ids.flatMap((id) => snapshot?.nodes[id] ?? []);
  if (step.kind !== 'step') return of([step.id])[0] ?? {};
  return together(of(step.members.filter(({kind}) => kind === 'operator').map(({id}) => id)));
}
