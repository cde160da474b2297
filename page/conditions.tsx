import type {JSX} from 'preact';
import type {PipelineSnapshot} from '../src/monitor/pipeline.ts';

/** What is wrong, with what to do about it. */
export function ConditionList({
  conditions,
}: {
  readonly conditions: PipelineSnapshot['conditions'];
}): JSX.Element {
  return (
    <div class="conditions" role="alert">
      {conditions.map(({code, subject, message, severity}) => (
        <article key={`${code} ${subject}`} class={`condition ${severity}`}>
          <h2>
            {code} <span>{subject}</span>
          </h2>
          <p>{message}</p>
        </article>
      ))}
    </div>
  );
}
