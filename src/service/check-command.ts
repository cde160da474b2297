import type {CheckResult} from '../common/check-result.ts';
import type {Clock} from '../common/clock.ts';
import {FatalError} from '../common/errors.ts';
import type {Config} from '../config/config.ts';
import type {SinkConfig} from '../config/sink-config.ts';
import {checkWidth, runSinkCheck} from '../sinks/run-sink-check.ts';
import type {SinkCheck} from '../sinks/sink-check.ts';
import type {Topology} from '../streams/topology/topology.ts';
import {runChecks} from './check/component-results.ts';
import type {ComponentResults} from './check/component-results.ts';
import {reportJson, reportText, tallyOf} from './check/report-text.ts';
import {wholeCheck} from './check/whole-check.ts';

/** What `millrace check` was called with. */
export interface CheckCommand {
  /** Whose warehouse is tried with scratch tables: a key under `sinks:`, true for all; undefined for a look at everything. */
  readonly sink: string | true | undefined;
  readonly format: 'text' | 'json';
}

export interface CheckDeps {
  readonly topology: Topology;
  readonly openCheck: (sink: SinkConfig) => SinkCheck;
  readonly clock: Clock;
  readonly print: (text: string) => void;
  /** Whether what is printed goes to a terminal that shows colours. */
  readonly inColour: boolean;
}

/** Whoever does not answer within it does not. */
const timeoutMs = 60_000;

/**
 * Looks at everything that the service will need, without changing it, and prints one table; with `sink`, tries the
 * warehouses with scratch tables instead.
 *
 * @throws FatalError CHECK_FAILED or SINK_CHECK_FAILED once all is printed, when something has failed; CONFIG_INVALID for
 * an unknown sink.
 */
export async function checkCommand(
  config: Config,
  command: CheckCommand,
  signal: AbortSignal,
  deps: CheckDeps,
): Promise<void> {
  if (command.sink !== undefined) return trySinks(config, command, signal, deps);
  const components = await runChecks(wholeCheck(config, deps), timeoutMs, deps.clock, signal);
  deps.print(
    command.format === 'json' ? reportJson(components) : reportText(components, deps.inColour),
  );
  const {failed} = tallyOf(components);
  if (failed > 0)
    throw new FatalError(
      'CHECK_FAILED',
      `${failed} ${failed === 1 ? 'check has' : 'checks have'} failed; what to do stands below each`,
    );
}

/** Prints a line for each step as soon as it is over. */
async function trySinks(
  config: Config,
  {sink: name, format}: CheckCommand,
  signal: AbortSignal,
  {openCheck, clock, print}: CheckDeps,
): Promise<void> {
  const failed: string[] = [];
  const components: ComponentResults[] = [];
  for (const sink of chosenSinks(config.sinks, name === true ? undefined : name)) {
    const check = openCheck(sink);
    const width = checkWidth(check);
    const results: CheckResult[] = [];
    if (format === 'text') print(`sink ${sink.name} (${sink.connector})\n`);
    for await (const result of runSinkCheck(check, clock.now().toString(36), signal)) {
      if (format === 'text') print(resultLines(result, width));
      results.push(result);
      if (result.outcome === 'failed') failed.push(`sink ${sink.name}: ${result.name}`);
    }
    components.push({component: `sink ${sink.name}`, results});
  }
  if (format === 'json') print(reportJson(components));
  if (failed.length > 0)
    throw new FatalError(
      'SINK_CHECK_FAILED',
      `${failed.join('; ')} failed; what to do stands beside it`,
    );
}

function chosenSinks(
  sinks: readonly SinkConfig[],
  name: string | undefined,
): readonly SinkConfig[] {
  if (name === undefined) return sinks;
  const found = sinks.filter((sink) => sink.name === name);
  if (found.length === 0)
    throw new FatalError(
      'CONFIG_INVALID',
      `there is no sink "${name}"; the configuration has ${sinks.map((sink) => sink.name).join(', ')}`,
    );
  return found;
}

/** `  failed   log in    Incorrect username or password`, and the remedy below it. */
function resultLines({name, outcome, detail, remedy}: CheckResult, width: number): string {
  const head = `  ${outcome.padEnd(7)}  `;
  const line = `${head}${name.padEnd(width)}  ${detail}`.trimEnd();
  return remedy === undefined ? `${line}\n` : `${line}\n${' '.repeat(head.length)}-> ${remedy}\n`;
}
