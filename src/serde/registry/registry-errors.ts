import {FatalError, RetriableError} from '../../common/errors.ts';
import type {ServiceError} from '../../common/errors.ts';
import type {RegistryAnswer} from './registry-endpoint.ts';

/** A registry's message may quote whole schemas. */
const maxMessage = 1000;

/** The registry's error code: its first three digits are a status. Undefined where no registry has answered. */
export function errorCodeOf({body}: RegistryAnswer): number | undefined {
  const code = member(body, 'error_code');
  return typeof code === 'number' ? code : undefined;
}

/**
 * Whether the registry says that there is no such id, subject, version or level.
 *
 * A plain 404 is not that: it comes from a wrong path, or from a proxy whose registry is away.
 */
export function isNotFound(answer: RegistryAnswer): boolean {
  const code = errorCodeOf(answer);
  return answer.status === 404 && code !== undefined && code >= 40_400 && code < 40_500;
}

/**
 * What is wrong with a server that answers so: another may do better, and so may this one in a while. Undefined for an
 * answer that a registry has decided on.
 */
export function failureOf(answer: RegistryAnswer): string | undefined {
  const {status, body} = answer;
  if (status >= 500 || status === 408 || status === 429)
    return `answered ${status}${messageIn(answer)}`;
  const isOfRegistry = isSuccess(answer)
    ? isObject(body)
    : status === 401 ||
      status === 403 ||
      (status === 404 ? isNotFound(answer) : errorCodeOf(answer) !== undefined);
  return isOfRegistry ? undefined : `answered ${status}, but not as a schema registry does`;
}

export function isSuccess({status}: RegistryAnswer): boolean {
  return status >= 200 && status < 300;
}

/** Names an answer that is not what was asked for; `about` is a subject or a schema id. */
export function refusal(about: string, answer: RegistryAnswer): ServiceError {
  const {status} = answer;
  const code = errorCodeOf(answer);
  const where = `schema registry ${answer.url}, ${about}`;
  const said = `${status}${messageIn(answer)}`;
  if (isSuccess(answer))
    return unreachable([`${answer.url} answered ${status}, but not as a schema registry does`]);
  if (status === 401)
    return new FatalError(
      'SCHEMA_REGISTRY_AUTHENTICATION_FAILED',
      `${where}: ${said}; check schema.registry.basic.auth.user.info or bearer.auth.token: a registry has credentials of its own, not those of Kafka`,
    );
  if (status === 403 || code === 42_205)
    return new FatalError(
      'SCHEMA_REGISTRY_PERMISSION_DENIED',
      `${where}: ${said}; let this user read and write the subject and its compatibility, or register the schema beforehand`,
    );
  if (status === 409)
    return new FatalError(
      'SCHEMA_INCOMPATIBLE',
      `${where}: the schema is incompatible with the one before${messageIn(answer)}; undo the change, or set the subject's compatibility to NONE (with Apicurio, the registry's)`,
    );
  if (code === 42_201)
    return new FatalError(
      'SCHEMA_INVALID',
      `${where}: the registry reads no schema in it${messageIn(answer)}`,
    );
  return new FatalError('SCHEMA_REGISTRY_REFUSED', `${where}: ${said}; see the registry's log`);
}

/** No server has answered; `failures` says of each what it did instead. */
export function unreachable(failures: readonly string[], cause?: unknown): ServiceError {
  const options = cause === undefined ? {} : {cause};
  return new RetriableError(
    'SCHEMA_REGISTRY_UNREACHABLE',
    `schema registry ${failures.join('; ')}; check schema.registry.url and that it runs`,
    options,
  );
}

/** A member of what may be an object. */
export function member(body: unknown, name: string): unknown {
  return isObject(body) ? body[name] : undefined;
}

function isObject(body: unknown): body is Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}

/** The registry's own words on one line. Anything else's may be a page. */
function messageIn(answer: RegistryAnswer): string {
  const message = member(answer.body, 'message');
  if (errorCodeOf(answer) === undefined || typeof message !== 'string') return '';
  const line = message.replaceAll(/\s+/g, ' ').trim();
  return `: ${line.length > maxMessage ? `${line.slice(0, maxMessage)}…` : line}`;
}
