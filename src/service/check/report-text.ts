import {inspect} from 'node:util';
import type {CheckResult} from '../../common/check-result.ts';
import type {ComponentResults} from './component-results.ts';

/** How many checks came to what. */
export interface Tally {
  readonly failed: number;
  readonly warnings: number;
  readonly ok: number;
  readonly skipped: number;
}

/** A longer name pushes the rest of its line. */
const widestName = 44;

const colours = {ok: 'green', warning: 'yellow', failed: 'red', skipped: 'gray'} as const;

export function tallyOf(components: readonly ComponentResults[]): Tally {
  const outcomes = components.flatMap(({results}) => results.map(({outcome}) => outcome));
  const count = (wanted: CheckResult['outcome']): number =>
    outcomes.filter((outcome) => outcome === wanted).length;
  return {
    failed: count('failed'),
    warnings: count('warning'),
    ok: count('ok'),
    skipped: count('skipped'),
  };
}

/**
 * One table of all checks: outcome, component, what was looked at, what was found; under a line the remedy, with each
 * statement on a line of its own. `inColour` is for terminals.
 */
export function reportText(components: readonly ComponentResults[], inColour: boolean): string {
  const width = Math.max(...components.map(({component}) => component.length));
  const names = components.flatMap(({results}) => results.map(({name}) => name.length));
  const nameWidth = Math.min(widestName, Math.max(0, ...names));
  const lines = components.flatMap(({component, results}) =>
    results.flatMap((result) => {
      const {outcome, name, detail} = result;
      const mark = outcome.padEnd(7);
      return [
        `${inColour ? coloured(mark, colours[outcome]) : mark}  ${component.padEnd(width)}  ${name.padEnd(nameWidth)}  ${oneLine(detail)}`.trimEnd(),
        ...remedyLines(result, ' '.repeat(width + 11)),
      ];
    }),
  );
  const {failed, warnings, ok, skipped} = tallyOf(components);
  const sum = [
    `${failed} failed`,
    `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`,
    `${ok} ok`,
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ].join(', ');
  return `${[...lines, '', sum].join('\n')}\n`;
}

/** The same for programs. */
export function reportJson(components: readonly ComponentResults[]): string {
  const {failed, warnings} = tallyOf(components);
  const results = components.flatMap((each) =>
    each.results.map((result) => ({component: each.component, ...result})),
  );
  return `${JSON.stringify({failed, warnings, results}, undefined, 2)}\n`;
}

function remedyLines({remedy, commands = []}: CheckResult, indent: string): readonly string[] {
  if (remedy === undefined) return [];
  const end = commands.length > 0 ? ':' : '';
  return [
    `${indent}-> ${oneLine(remedy)}${end}`,
    ...commands.map((command) => `${indent}     ${command}`),
  ];
}

function coloured(text: string, colour: (typeof colours)[keyof typeof colours]): string {
  const [on, off] = inspect.colors[colour] as [number, number];
  return `\u001B[${on}m${text}\u001B[${off}m`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').trim();
}
