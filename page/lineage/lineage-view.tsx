import type {JSX} from 'preact';
import type {
  LineageAnswer,
  LineageNode,
  StepAnswer,
} from '../../src/streams/runtime/queries/lineage-answer.ts';
import {duration} from '../format.ts';

interface LineageProps {
  readonly answer: LineageAnswer | string;
  readonly onClose: () => void;
}

/** Where a row comes from, step by step; or why that cannot be told. */
export function LineageView({answer, onClose}: LineageProps): JSX.Element {
  return (
    <section class="panel lineage" aria-label="Lineage" role="status">
      <header>
        <h2>Lineage {typeof answer === 'string' ? '' : <span>{text(answer.key)}</span>}</h2>
        <button type="button" class="quiet-button" onClick={onClose}>
          Close
        </button>
      </header>
      {typeof answer === 'string' ? <p class="quiet">{answer}</p> : <Answer answer={answer} />}
    </section>
  );
}

function Answer({
  answer: {records, waiting, notes, topic},
}: {
  readonly answer: LineageAnswer;
}): JSX.Element {
  return (
    <>
      {waiting.map(({for: {table, key}, lineage}) => (
        <Tree
          key={`${table} ${text(key)}`}
          node={lineage}
          end={`waits for ${table} ${text(key)}`}
        />
      ))}
      {records.map(({partition, offset, lineage, warehouse}) => (
        <Tree
          key={`${partition} ${offset}`}
          node={lineage}
          end={[
            `${topic}-${partition}@${offset ?? '–'}`,
            ...warehouse.map(
              ({sink, table, offset: at}) => `in ${table} of sink ${sink} (_offset ${at})`,
            ),
          ].join(', ')}
        />
      ))}
      {notes.map((note) => (
        <p key={note} class="quiet">
          {note}
        </p>
      ))}
    </>
  );
}

function Tree({
  node,
  end,
}: {
  readonly node: LineageNode | null;
  readonly end?: string;
}): JSX.Element {
  if (node === null) return <p class="quiet">{end ?? ''} – written before lineage was kept</p>;
  const {change, steps} = node;
  return (
    <ol class="tree">
      {change !== null && (
        <li>
          <b>{change.table}</b> {text(change.key)}{' '}
          <span class="quiet">
            {change.isSnapshot ? 'snapshot of' : 'committed in'} {change.source} at{' '}
            {change.committedAt.slice(11, 23)}, LSN {change.lsn}
          </span>
        </li>
      )}
      {steps.map((step, at) => (
        <li key={at}>
          <StepLine step={step} />
          {step.kind === 'join' && <Tree node={step.row} />}
        </li>
      ))}
      {end !== undefined && (
        <li>
          <b>{end}</b>
        </li>
      )}
    </ol>
  );
}

function StepLine({step}: {readonly step: StepAnswer}): JSX.Element {
  if (step.kind === 'read') {
    return (
      <>
        <b>+ {duration(step.tookMs)}</b> {step.topic}-{step.partition}@{step.offset}
      </>
    );
  }
  return (
    <>
      joined with <b>{step.table}</b>
      {step.waitedMs === null ? '' : ` after waiting ${duration(step.waitedMs)} for it`}
    </>
  );
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
