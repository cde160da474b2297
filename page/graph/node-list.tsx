import type {JSX} from 'preact';
import type {PipelineGraph, PipelineSnapshot} from '../../src/monitor/pipeline.ts';
import {bytes, count, percent, rate} from '../format.ts';
import {TableHead} from '../table-head.tsx';
import {loadOf, loadText} from './load.ts';

const COLUMNS = [
  'Node',
  'Kind',
  'Part of',
  'Comes from',
  {number: 'Rate'},
  {number: 'Records'},
  {number: 'Lag'},
  {number: 'Busy'},
  {number: 'Rows'},
  {number: 'Size'},
  'Load',
] as const;

interface ListProps {
  readonly graph: PipelineGraph;
  readonly snapshot: PipelineSnapshot | undefined;
}

/** The graph once more, as a table: everything there is, one line each. */
export function NodeList({graph, snapshot}: ListProps): JSX.Element {
  return (
    <details class="node-list">
      <summary>The same as a list ({graph.nodes.length} nodes)</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label="Nodes of the pipeline">
        <table>
          <TableHead columns={COLUMNS} />
          <tbody>
            {graph.nodes.map(({id, kind, name, detail, group}) => {
              const numbers = snapshot?.nodes[id] ?? {};
              const from = graph.edges.filter(({to}) => to === id).map((edge) => edge.from);
              return (
                <tr key={id} data-list-node={id}>
                  <th scope="row">{name}</th>
                  <td>
                    {kind === 'operator' || kind === 'warehouse' ? `${kind} ${detail}` : kind}
                  </td>
                  <td>{group ?? ''}</td>
                  <td>{from.map((other) => other.slice(other.indexOf('/') + 1)).join(', ')}</td>
                  <td class="number">{kind === 'store' ? '' : rate(numbers.rate)}</td>
                  <td class="number">
                    {numbers.records === undefined ? '' : count(numbers.records)}
                  </td>
                  <td class="number">
                    {typeof numbers.lag === 'number' ? count(numbers.lag) : ''}
                  </td>
                  <td class="number">{numbers.busy === undefined ? '' : percent(numbers.busy)}</td>
                  <td class="number">
                    {numbers.entries === undefined ? '' : count(numbers.entries)}
                  </td>
                  <td class="number">{numbers.bytes === undefined ? '' : bytes(numbers.bytes)}</td>
                  <td>{loadText[loadOf(numbers)]}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </details>
  );
}
