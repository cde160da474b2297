import {failed, failedBy, ok, skipped, warning} from '../../common/check-result.ts';
import type {CheckResult} from '../../common/check-result.ts';
import type {NeededSubject} from './needed-subject.ts';
import type {RegistryAnswer} from './registry-endpoint.ts';
import {isNotFound, isSuccess, member, refusal} from './registry-errors.ts';
import {RegistryServers} from './registry-servers.ts';
import type {RegistryServersOptions} from './registry-servers.ts';

export interface SubjectCheckOptions extends RegistryServersOptions {
  /** Which subjects the service gives the level NONE, where they have none of their own. */
  readonly unchecked: (subject: string) => boolean;
}

/** How many subjects are asked for at a time. */
const atOnce = 4;

/**
 * Asks the registry whether it would take each schema, without registering any, and reports each finding as it comes.
 * What is needed is asked for once the registry has answered.
 */
export async function checkSubjects(
  options: SubjectCheckOptions,
  needs: () => Promise<readonly NeededSubject[]>,
  report: (result: CheckResult) => void,
): Promise<void> {
  const names = options.servers.map(({url}) => url);
  const attempts = await Promise.all(options.servers.map((server) => tryServer(options, server)));
  const answering = options.servers.filter((_, at) => attempts[at] === undefined);
  for (const [at, error] of attempts.entries()) {
    const name = `server ${names[at]}`;
    if (error === undefined) report(ok(name, 'reached, logged in'));
    else if (answering.length === 0) report(failedBy(name, error));
    else report({...failedBy(name, error), outcome: 'warning'});
  }
  if (answering.length === 0) return report(skipped('subjects', 'the registry could not be asked'));
  const servers = new RegistryServers({...options, servers: answering});
  const left = [...(await needs())];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift())
      report(await checkSubject(servers, next, options.unchecked));
  };
  await Promise.all(Array.from({length: atOnce}, work));
}

/** Whether one server answers and takes the credentials; the error where it does not. */
async function tryServer(
  options: SubjectCheckOptions,
  server: SubjectCheckOptions['servers'][number],
): Promise<unknown> {
  try {
    const answer = await new RegistryServers({...options, servers: [server]}).ask((api, signal) =>
      api.Subject.config({subject: 'millrace-check', defaultToGlobal: true, signal}),
    );
    if (answer.status === 401 || answer.status === 403) return refusal('the log in', answer);
    return undefined;
  } catch (error) {
    return error;
  }
}

async function checkSubject(
  servers: RegistryServers,
  {subject, schema}: NeededSubject,
  unchecked: SubjectCheckOptions['unchecked'],
): Promise<CheckResult> {
  const name = `subject ${subject}`;
  const body = {schemaType: 'JSON', schema};
  try {
    const registered = await servers.ask((api, signal) =>
      api.Subject.registered({subject, body, signal}),
    );
    if (isSuccess(registered)) return ok(name, 'the schema is registered');
    if (!isNotFound(registered)) throw refusal(`subject ${subject}`, registered);
    const level = await ownLevel(servers, subject);
    if (unchecked(subject) && (level === undefined || level === 'NONE'))
      return ok(
        name,
        'a new version, whatever it is: its compatibility is NONE, or set so by the service',
      );
    const compatible = await servers.ask((api, signal) =>
      api.Subject.compatible({subject, version: 'latest', verbose: true, body, signal}),
    );
    return compatibilityResult(name, subject, compatible, level ?? "the registry's");
  } catch (error) {
    return failedBy(name, error);
  }
}

/** Its compatibility level, where it has one of its own; Apicurio says NONE also where it has none. */
async function ownLevel(servers: RegistryServers, subject: string): Promise<string | undefined> {
  const answer = await servers.ask((api, signal) => api.Subject.config({subject, signal}));
  const level = member(answer.body, 'compatibilityLevel');
  return isSuccess(answer) && typeof level === 'string' ? level : undefined;
}

/** What the answer to `POST /compatibility/subjects/<subject>/versions/latest` says. */
export function compatibilityResult(
  name: string,
  subject: string,
  answer: RegistryAnswer,
  level: string,
): CheckResult {
  if (isNotFound(answer)) return ok(name, 'the service makes it');
  const isCompatible = member(answer.body, 'is_compatible');
  if (!isSuccess(answer) || typeof isCompatible !== 'boolean')
    return warning(name, 'the registry does not say whether it takes the schema', {
      remedy: refusal(`subject ${subject}`, answer).message,
    });
  if (isCompatible) return ok(name, `a new version, compatible under ${level}`);
  const messages = member(answer.body, 'messages');
  const said = Array.isArray(messages) ? messages.map(String).join('; ') : '';
  const line = said.replaceAll(/\s+/g, ' ').slice(0, longestMessage);
  return failed(
    name,
    `the schema is incompatible with the latest version under ${level}${line === '' ? '' : `: ${line}`}`,
    {
      remedy: 'undo the change of the schema, or where its readers can do with it, run',
      commands: [
        `curl -X PUT ${answer.url}/config/${encodeURIComponent(subject)} -H 'Content-Type: application/json' -d '{"compatibility": "NONE"}'`,
      ],
    },
  );
}

/** A registry may quote whole schemas. */
const longestMessage = 1000;
