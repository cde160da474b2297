import type {JSX} from 'preact';
import {useEffect, useState} from 'preact/hooks';
import type {PipelineNode, PipelineSnapshot, TopicRecord} from '../src/monitor/pipeline.ts';
import {ask} from './ask.ts';
import {bytes, count, percent, rate} from './format.ts';
import {loadOf, loadText} from './graph/load.ts';
import {Rows} from './rows.tsx';
import {TableHead} from './table-head.tsx';

const COLUMNS = [
  'Node',
  'What',
  'Part of',
  {number: 'Rate'},
  {number: 'Records'},
  {number: 'Busy'},
  {number: 'Rows'},
  {number: 'Size'},
  {number: 'Dropped'},
  'Load',
] as const;

interface DetailsProps {
  readonly title: string;
  readonly kind: string;
  readonly nodes: readonly PipelineNode[];
  readonly snapshot: PipelineSnapshot | undefined;
  readonly onClose: () => void;
}

/** What one node, or each operator of a step, does, and the newest records of its topics. */
export function Details({title, kind, nodes, snapshot, onClose}: DetailsProps): JSX.Element {
  const topics = [...new Set(nodes.flatMap(({topic}) => topic ?? []))];
  const [picked, setPicked] = useState<string>();
  const topic = picked !== undefined && topics.includes(picked) ? picked : topics.at(-1);
  const [records, reload] = useRecords(topic);
  return (
    <section class="panel details" aria-label={`Details of ${title}`}>
      <header>
        <h2>
          {title} <span>{kind}</span>
        </h2>
        <button type="button" class="quiet-button" onClick={onClose}>
          Close
        </button>
      </header>
      <div class="scroll" tabIndex={0} role="region" aria-label={`Numbers of ${title}`}>
        <table>
          <TableHead columns={COLUMNS} />
          <tbody>
            {nodes.map((node) => (
              <NodeRow key={node.id} node={node} snapshot={snapshot} />
            ))}
          </tbody>
        </table>
      </div>
      {topic !== undefined && (
        <>
          <div class="tabs" role="group" aria-label="Topic">
            {topics.map((name) => (
              <button
                key={name}
                type="button"
                aria-pressed={name === topic}
                onClick={() => (name === topic ? reload() : setPicked(name))}
              >
                {name}
              </button>
            ))}
          </div>
          {typeof records === 'string' ? (
            <p class="quiet">{records}</p>
          ) : (
            <Rows title={`Newest records of ${topic}`} rows={records} />
          )}
        </>
      )}
    </section>
  );
}

function NodeRow({
  node: {id, name, kind, detail, group},
  snapshot,
}: {
  readonly node: PipelineNode;
  readonly snapshot: PipelineSnapshot | undefined;
}): JSX.Element {
  const numbers = snapshot?.nodes[id] ?? {};
  const {records, busy, entries, isExact, bytes: size, dropped} = numbers;
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{detail === '' ? kind : detail}</td>
      <td>{group ?? ''}</td>
      <td class="number">{rate(numbers.rate)}</td>
      <td class="number">{records === undefined ? '' : count(records)}</td>
      <td class="number">{busy === undefined ? '' : percent(busy)}</td>
      <td class="number">
        {entries === undefined ? '' : `${isExact === false ? '≈' : ''}${count(entries)}`}
      </td>
      <td class="number">{size === undefined ? '' : bytes(size)}</td>
      <td class="number">{dropped === undefined ? '' : count(dropped)}</td>
      <td>{loadText[loadOf(numbers)]}</td>
    </tr>
  );
}

/** The newest records of a topic, or why there are none to show; asked for once, and again by the second. */
function useRecords(
  topic: string | undefined,
): readonly [readonly TopicRecord[] | string, () => void] {
  const [records, setRecords] = useState<readonly TopicRecord[] | string>('Reads …');
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    if (topic === undefined) return undefined;
    const left = new AbortController();
    fetchRecords(topic, left.signal).then(setRecords, (error: unknown) => {
      if (!left.signal.aborted) setRecords(`Cannot be read: ${String(error)}`);
    });
    return () => left.abort();
  }, [topic, asked]);
  return [records, () => setAsked((times) => times + 1)];
}

async function fetchRecords(topic: string, signal: AbortSignal): Promise<readonly TopicRecord[]> {
  const response = await ask(`/api/topics/${encodeURIComponent(topic)}/records?limit=20`, signal);
  if (!response.ok) throw new Error(`the service answers ${response.status}`);
  return ((await response.json()) as {readonly records: readonly TopicRecord[]}).records;
}
