import type {JSX} from 'preact';
import {clockTime, duration, rate} from './format.ts';
import type {Live} from './live.ts';

/** Who this is, whether it is well, and the three numbers that matter. */
export function Header({live}: {readonly live: Live}): JSX.Element {
  const {graph, snapshot, connection, restartedAt} = live;
  const health = healthOf(live);
  return (
    <header class="top">
      <h1>
        <img src="icon.svg" alt="" width="26" height="26" />
        millrace
        {graph !== undefined && (
          <span>
            {graph.applicationId} · {graph.version}
          </span>
        )}
      </h1>
      <p class={`health ${health.level}`} role="status">
        <span class="dot" />
        {health.text}
        {connection === 'open' && restartedAt !== undefined && (
          <span class="note"> · restarted {clockTime(restartedAt)}</span>
        )}
      </p>
      {snapshot !== undefined && (
        <dl class="headline">
          <div>
            <dt>changes</dt>
            <dd data-number="changes">{rate(snapshot.point?.changes ?? null)}</dd>
          </div>
          <div>
            <dt>warehouse rows</dt>
            <dd>{rate(snapshot.point?.rows ?? null)}</dd>
          </div>
          <div>
            <dt>end to end, median</dt>
            <dd>{duration(snapshot.latency.warehouse)}</dd>
          </div>
        </dl>
      )}
    </header>
  );
}

function healthOf({connection, snapshot}: Live): {readonly level: string; readonly text: string} {
  if (connection === 'refused') return {level: 'unknown', text: 'The service wants a token'};
  if (connection === 'lost') {
    const when = snapshot === undefined ? '' : `, last heard ${clockTime(snapshot.at)}`;
    return {level: 'bad', text: `The service does not answer${when}; tries again`};
  }
  if (snapshot === undefined) return {level: 'unknown', text: 'Connecting'};
  const {conditions, components, ready} = snapshot;
  const bad = conditions.filter(({severity}) => severity === 'error').length;
  if (bad > 0) return {level: 'bad', text: `${bad} condition${bad === 1 ? '' : 's'}`};
  const notRunning = components.filter(({state}) => state !== 'running');
  if (!ready) {
    const who = notRunning.map(({name, state}) => `${name} is ${state}`).join(', ');
    return {level: 'warn', text: who === '' ? 'Not ready' : who};
  }
  return conditions.length > 0
    ? {level: 'warn', text: 'Runs, with a warning'}
    : {level: 'good', text: 'All running'};
}
