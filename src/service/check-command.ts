import type {Clock} from '../common/clock.ts';
import {FatalError} from '../common/errors.ts';
import type {Config} from '../config/config.ts';
import type {SinkConfig} from '../config/sink-config.ts';
import {checkWidth, runSinkCheck} from '../sinks/run-sink-check.ts';
import type {CheckResult, SinkCheck} from '../sinks/sink-check.ts';

/** What `millrace check` was called with. */
export interface CheckCommand {
  /** The key under `sinks:`; undefined for all of them. */
  readonly sink: string | undefined;
}

export interface CheckDeps {
  readonly openCheck: (sink: SinkConfig) => SinkCheck;
  readonly clock: Clock;
  readonly print: (text: string) => void;
}

/**
 * Tries the configured sinks against their warehouses, and prints a line for each step as soon as it is over.
 *
 * @throws FatalError SINK_CHECK_FAILED once all is printed, when a step has failed; CONFIG_INVALID for an unknown sink.
 */
export async function checkCommand(
  config: Config,
  {sink: name}: CheckCommand,
  signal: AbortSignal,
  {openCheck, clock, print}: CheckDeps,
): Promise<void> {
  const failed: string[] = [];
  for (const sink of chosenSinks(config.sinks, name)) {
    const check = openCheck(sink);
    const width = checkWidth(check);
    print(`sink ${sink.name} (${sink.connector})\n`);
    for await (const result of runSinkCheck(check, clock.now().toString(36), signal)) {
      print(resultLines(result, width));
      if (result.outcome === 'failed') failed.push(`sink ${sink.name}: ${result.name}`);
    }
  }
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
