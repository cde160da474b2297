import {configSchema, sinkSchema, sourceSchema, unsupportedSections} from './schema.ts';
import type {KeyPath} from './mistake.ts';
import {pathText} from './mistake.ts';
import {nearest} from './nearest.ts';
import {isSection} from './raw-config.ts';
import type {RawConfig, RawSection, RawValue} from './raw-config.ts';
import type {Environment} from './substitute-environment.ts';

const sections = {sources: sourceSchema, sinks: sinkSchema} as const;

/**
 * The variable that sets a key: `MILLRACE_` and the path in capitals, everything but letters and digits as `_`.
 * `sources.customers.database.port` is `MILLRACE_SOURCES_CUSTOMERS_DATABASE_PORT`.
 */
export function variableOf(path: KeyPath): string {
  return `MILLRACE_${pathText(path)
    .replaceAll(/[^A-Za-z0-9]/g, '_')
    .toUpperCase()}`;
}

/** Lets every `MILLRACE_…` variable replace what the file says. Empty ones count as not set. */
export function readEnvironment(environment: Environment, config: RawConfig): void {
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith('MILLRACE_') || value === undefined || value === '') continue;
    // Kubernetes sets these in every pod beside a service named millrace.
    if (/^MILLRACE_(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP)(_\w+)?)?)$/.test(variable))
      continue;
    const path = pathOf(variable, config.root);
    const from = `environment variable ${variable}`;
    if (path === undefined) {
      const known = nearest(variable, topLevel.keys());
      const hint =
        known === undefined ? 'docs/configuration.md lists them' : `did you mean ${known}?`;
      config.mistakes.push({path: [], message: `sets no key; ${hint}`, position: {from}});
      continue;
    }
    config.replace(path, value, from);
  }
}

const topLevel = new Map(
  Object.keys(configSchema.shape)
    .filter((key) => !(key in sections))
    .map((key) => [variableOf([key]), [key]]),
);

function pathOf(variable: string, root: RawSection): KeyPath | undefined {
  const key = topLevel.get(variable);
  if (key !== undefined) return key;
  for (const section of Object.keys(unsupportedSections))
    if (variable.startsWith(`${variableOf([section])}_`)) return [section];
  for (const [section, schema] of Object.entries(sections)) {
    const prefix = `${variableOf([section])}_`;
    if (!variable.startsWith(prefix)) continue;
    // The longest key that fits, so that what is left is the name: `..._A_DATABASE_HOSTNAME` names a source `a`.
    const keys = Object.keys(schema.shape).toSorted((a, b) => b.length - a.length);
    for (const name of keys) {
      const suffix = variableOf([name]).slice('MILLRACE'.length);
      if (!variable.endsWith(suffix) || variable.length <= prefix.length + suffix.length - 1)
        continue;
      const part = variable.slice(prefix.length, -suffix.length);
      if (part !== '') return [section, nameIn(root[section], part), name];
    }
  }
  return undefined;
}

/** The name in the file that the capitals stand for; a new one is in lower case. */
function nameIn(section: RawValue | undefined, capitals: string): string {
  const names = isSection(section) ? Object.keys(section) : [];
  return (
    names.find((name) => variableOf([name]) === `MILLRACE_${capitals}`) ?? capitals.toLowerCase()
  );
}
