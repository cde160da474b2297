import type {JSX} from 'preact';
import {useMemo, useState} from 'preact/hooks';
import {keepToken} from './ask.ts';
import {Charts} from './charts/charts.tsx';
import {ConditionList} from './conditions.tsx';
import {Details} from './details.tsx';
import {GraphView} from './graph/graph-view.tsx';
import {NodeList} from './graph/node-list.tsx';
import {stepsOf} from './graph/steps.ts';
import type {Steps} from './graph/steps.ts';
import {Header} from './header.tsx';
import {Legend} from './legend.tsx';
import {LineageForm} from './lineage/lineage-form.tsx';
import {LineageView} from './lineage/lineage-view.tsx';
import {tracedNodes} from './lineage/traced-nodes.ts';
import {useLineage} from './lineage/use-lineage.ts';
import {useLive} from './live.ts';
import {Rows} from './rows.tsx';
import {Stages} from './stages.tsx';
import {TokenForm} from './token-form.tsx';

const nothing: ReadonlySet<string> = new Set();

/** The whole page. */
export function App(): JSX.Element {
  const [attempt, setAttempt] = useState(0);
  const live = useLive(attempt);
  const {graph, snapshot, history} = live;
  const steps = useMemo(() => (graph === undefined ? undefined : stepsOf(graph)), [graph]);
  const {answer, ask, forget} = useLineage();
  const traced = useMemo(
    () =>
      graph === undefined || answer === undefined || typeof answer === 'string'
        ? nothing
        : tracedNodes(answer, graph),
    [graph, answer],
  );
  const warehouseTopic = graph?.nodes.find(({kind}) => kind === 'warehouse')?.topic ?? undefined;
  const [opened, setOpened] = useState(nothing);
  const [chosen, setChosen] = useState<string>();
  const all = steps?.steps.filter(({kind}) => kind === 'step').map(({id}) => id) ?? [];
  const isAllOpen = all.length > 0 && all.every((id) => opened.has(id));
  const toggle = (id: string): void =>
    setOpened((before) => (before.has(id) ? without(before, id) : new Set([...before, id])));
  const about = chosen === undefined ? undefined : chosenPart(steps, chosen);
  return (
    <div class={`page${live.connection === 'lost' ? ' stale' : ''}`}>
      <Header live={live} />
      <main>
        {live.connection === 'refused' && (
          <TokenForm
            isWrong={attempt > 0}
            onToken={(token) => {
              keepToken(token);
              setAttempt(attempt + 1);
            }}
          />
        )}
        {snapshot !== undefined && <ConditionList conditions={snapshot.conditions} />}
        {graph !== undefined && steps !== undefined && (
          <section class="panel pipeline" aria-label="Pipeline">
            <header>
              <h2>Pipeline</h2>
              {snapshot !== undefined && <Stages latency={snapshot.latency} />}
              {warehouseTopic !== undefined && (
                <LineageForm onAsk={(key) => ask(warehouseTopic, key)} />
              )}
              <button
                type="button"
                class="quiet-button"
                aria-pressed={isAllOpen}
                onClick={() => setOpened(isAllOpen ? nothing : new Set(all))}
              >
                {isAllOpen ? 'Overview' : 'Every operator'}
              </button>
            </header>
            <GraphView
              graph={graph}
              steps={steps}
              snapshot={snapshot}
              opened={opened}
              chosen={chosen}
              traced={traced}
              onChoose={(id) => setChosen(id === chosen ? undefined : id)}
              onToggle={toggle}
            />
            <footer>
              <Legend />
              <NodeList graph={graph} snapshot={snapshot} />
            </footer>
          </section>
        )}
        {answer !== undefined && <LineageView answer={answer} onClose={forget} />}
        {about !== undefined && (
          <Details {...about} snapshot={snapshot} onClose={() => setChosen(undefined)} />
        )}
        {history !== undefined && <Charts history={history} />}
        {snapshot !== undefined && (
          <Rows
            title="Newest rows in the warehouse"
            rows={snapshot.rows}
            onTrace={warehouseTopic === undefined ? undefined : (key) => ask(warehouseTopic, key)}
          />
        )}
      </main>
    </div>
  );
}

function without(set: ReadonlySet<string>, id: string): ReadonlySet<string> {
  return new Set([...set].filter((other) => other !== id));
}

function chosenPart(
  steps: Steps | undefined,
  id: string,
): Pick<Parameters<typeof Details>[0], 'title' | 'kind' | 'nodes'> | undefined {
  const step = steps?.steps.find((candidate) => candidate.id === id);
  if (step !== undefined) {
    return {title: step.title, kind: step.subtitle || step.kind, nodes: step.members};
  }
  const node = steps?.steps.flatMap(({members}) => members).find((member) => member.id === id);
  return node === undefined
    ? undefined
    : {title: node.name, kind: node.detail || node.kind, nodes: [node]};
}
