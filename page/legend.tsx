import type {JSX} from 'preact';
import {loadText} from './graph/load.ts';
import type {Load} from './graph/load.ts';

const loads: readonly Load[] = ['calm', 'high', 'full', 'down'];

/** What the colours of the graph mean. */
export function Legend(): JSX.Element {
  return (
    <ul class="legend" aria-label="Colours">
      {loads.map((load) => (
        <li key={load}>
          <span class={`swatch ${load}`} />
          {loadText[load]}
        </li>
      ))}
    </ul>
  );
}
