import type {CheckResult} from '../../src/common/check-result.ts';

/** The only result of this name; the outcome and all words in one line. */
export function resultOf(results: readonly CheckResult[], name: string): string {
  const found = results.filter((result) => result.name === name);
  const [result] = found;
  if (result === undefined || found.length > 1)
    throw new Error(`${found.length} results are called ${name}:\n${lines(results)}`);
  return line(result);
}

/** Those that are not in order, in one line each. */
export function troubles(results: readonly CheckResult[]): readonly string[] {
  return results.filter(({outcome}) => outcome !== 'ok').map(line);
}

/** The statements below the results of this name. */
export function commandsOf(results: readonly CheckResult[], name: string): readonly string[] {
  return results.filter((result) => result.name === name).flatMap(({commands}) => commands ?? []);
}

function lines(results: readonly CheckResult[]): string {
  return results.map(line).join('\n');
}

function line({outcome, name, detail, remedy, commands = []}: CheckResult): string {
  return [
    `${outcome} ${name}: ${detail}`,
    ...(remedy === undefined ? [] : [remedy]),
    ...commands,
  ].join(' -> ');
}
