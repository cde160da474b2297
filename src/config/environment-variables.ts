import type {KeyPath} from './mistake.ts';
import {nearest} from './nearest.ts';
import {isSection} from './raw-config.ts';
import type {RawConfig, RawSection, RawValue} from './raw-config.ts';
import {configSchema, singleSections} from './schema.ts';
import {anySinkSchema} from './sink-schema.ts';
import {sourceSchema} from './source-schema.ts';
import type {Environment} from './substitute-environment.ts';
import {variableName} from './variable-name.ts';

const sections = {sources: sourceSchema, sinks: anySinkSchema} as const;

/** Keys whose path has no name of the user's in it. */
const fixedPaths: readonly KeyPath[] = [
  ...Object.keys(configSchema.shape)
    .filter((key) => !(key in sections || key in singleSections))
    .map((key) => [key]),
  ...Object.entries(singleSections).flatMap(([section, {shape}]) =>
    Object.keys(shape).map((key) => [section, key]),
  ),
];

const fixedVariables = new Map(fixedPaths.map((path) => [variableName(path), path]));

/** Lets every `MILLRACE_…` variable replace what the file says. Empty ones count as not set. */
export function readEnvironment(environment: Environment, config: RawConfig): void {
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith('MILLRACE_') || value === undefined || value === '') continue;
    const from = `environment variable ${variable}`;
    const path = pathOf(variable, config.root);
    if (path !== undefined) config.replace(path, value, from);
    else if (!isKubernetesLink(variable, value))
      config.mistakes.push({...refusal(variable, config.root), position: {from}});
  }
}

function pathOf(variable: string, root: RawSection): KeyPath | undefined {
  const fixed = fixedVariables.get(variable);
  if (fixed !== undefined) return fixed;
  for (const [section, schema] of Object.entries(sections)) {
    const prefix = `${variableName([section])}_`;
    if (!variable.startsWith(prefix)) continue;
    // The longest key that fits, so that what is left is the name: `..._A_DATABASE_HOSTNAME` names a source `a`.
    const keys = Object.keys(schema.shape).toSorted((a, b) => b.length - a.length);
    for (const name of keys) {
      const suffix = variableName([name]).slice('MILLRACE'.length);
      const end = variable.length - suffix.length;
      if (variable.endsWith(suffix) && end > prefix.length)
        return [section, nameIn(root[section], variable.slice(prefix.length, end)), name];
    }
  }
  return undefined;
}

/** The name in the file that the capitals stand for; a new one is in lower case. */
function nameIn(section: RawValue | undefined, capitals: string): string {
  return (
    namesIn(section).find((name) => variableName([name]) === `MILLRACE_${capitals}`) ??
    capitals.toLowerCase()
  );
}

function namesIn(section: RawValue | undefined): readonly string[] {
  return isSection(section) ? Object.keys(section) : [];
}

/**
 * Kubernetes sets such variables in every pod of a namespace that has a service named `millrace` or `millrace-…`:
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
function isKubernetesLink(variable: string, value: string): boolean {
  return (
    /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?$/.test(variable) ||
    (variable.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value))
  );
}

function refusal(variable: string, root: RawSection): {path: KeyPath; message: string} {
  const inSections = Object.entries(sections).flatMap(([section, schema]) =>
    namesIn(root[section]).flatMap((name) =>
      Object.keys(schema.shape).map((key) => variableName([section, name, key])),
    ),
  );
  const known = nearest(variable, [...fixedVariables.keys(), ...inSections]);
  const hint = known === undefined ? 'docs/configuration.md lists them' : `did you mean ${known}?`;
  return {path: [], message: `sets no key; ${hint}`};
}
