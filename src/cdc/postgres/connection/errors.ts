import {FatalError, messageOf, RetriableError, ServiceError} from '../../../common/errors.ts';
import type {PostgresAddress} from './connection.ts';
import {hostsText} from './hosts.ts';
import {isUnreachable} from './unreachable.ts';

/** What a failed command was about, for the message. */
export interface ErrorContext extends PostgresAddress {
  /** The source's name. */
  readonly name: string;
  readonly slotName: string;
  readonly publicationName: string;
}

interface PostgresFailure {
  readonly code?: string;
  readonly detail?: string;
  readonly hint?: string;
}

/** What a server says beside its answers. */
export interface ServerNotice {
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
}

const tlsErrors = /^(DEPTH_|UNABLE_TO_|SELF_SIGNED|CERT_|ERR_TLS_|ERR_SSL_|ERR_OSSL_)/;

/** Names an error of `pg` or of a socket: what happened, where, and what to do; passes a `ServiceError` on. */
export function postgresError(error: unknown, context: ErrorContext): ServiceError {
  if (error instanceof ServiceError) return error;
  const {code = '', detail, hint} = (error ?? {}) as PostgresFailure;
  const said = [messageOf(error) || code, detail, hint].filter(Boolean).join('; ');
  const text = said.replaceAll(/\s+/g, ' ');
  const {name, dbname, user} = context;
  const where = `source ${name}: Postgres at ${hostsText(context)}`;
  const options = {cause: error};

  if (code.startsWith('28') || text.startsWith('SASL'))
    return new FatalError(
      'CDC_AUTHENTICATION_FAILED',
      `${where} refused user ${user}: ${text}; ${authenticationRemedy(text)}`,
      options,
    );
  if (code === '3D000')
    return new FatalError(
      'CDC_DATABASE_MISSING',
      `${where} has no database ${dbname}; check database.dbname`,
      options,
    );
  if (code === '42501')
    return new FatalError(
      'CDC_PERMISSION_DENIED',
      `${where} refused user ${user}: ${text}; ${permissionRemedy(text, user)}`,
      options,
    );
  if (code === '55006')
    return new RetriableError(
      'CDC_SLOT_IN_USE',
      `${where}: ${text}; stop the other instance, or give this one its own slot.name`,
      options,
    );
  if (code === '53400')
    return new FatalError(
      'CDC_SLOT_BLOCKED',
      `${where}: ${text}; drop an unused slot (SELECT slot_name FROM pg_replication_slots WHERE NOT active), or raise max_replication_slots and restart Postgres`,
      options,
    );
  if (code === '42602')
    return new FatalError(
      'CONFIG_INVALID',
      `${where}: ${text}; slot.name may have lower-case letters, digits and _ only, 63 at most`,
      options,
    );
  if (/wal_level/.test(text)) return walLevelError(where, undefined, options);
  if (code === '42704' && isAbout('publication', text, context))
    return publicationLostError(where, context, options);
  if ((code === '42704' && isAbout('slot', text, context)) || isInvalidated(code, text, context))
    return new FatalError(
      'CDC_SLOT_LOST',
      `${where}: ${text}; ${slotLostRemedy(context)}`,
      options,
    );
  if (code === '53300')
    return new RetriableError(
      'CDC_CONNECTION_FAILED',
      `${where} has no free connection: ${text}; raise max_wal_senders or max_connections, or stop unused clients`,
      options,
    );
  if (tlsErrors.test(code) || (!isUnreachable(error) && /SSL|TLS|certificate/.test(text)))
    return new FatalError(
      'CDC_TLS_FAILED',
      `${where}: TLS failed under database.sslmode: ${context.sslmode}: ${text}; ${tlsRemedy(code, text)}`,
      options,
    );
  if (isUnreachable(error))
    return new RetriableError(
      'CDC_CONNECTION_FAILED',
      `${where} cannot be reached: ${text}; check database.hostname, database.port and that it runs`,
      options,
    );
  return new FatalError(
    'CDC_CONNECTION_FAILED',
    `${where} failed: ${text}${code === '' ? '' : ` (${code})`}; see the server's log`,
    options,
  );
}

/** Takes effect with a restart. */
export const walLevelStatement = 'ALTER SYSTEM SET wal_level = logical';

export function walLevelError(
  where: string,
  level: string | undefined,
  options?: ErrorOptions,
): FatalError {
  return new FatalError(
    'CDC_WAL_LEVEL',
    `${where} has wal_level${level === undefined ? ' below logical' : ` = ${level}`}; run ${walLevelStatement} and restart Postgres`,
    options,
  );
}

export function publicationLostError(
  where: string,
  {publicationName, slotName}: Pick<ErrorContext, 'publicationName' | 'slotName'>,
  options?: ErrorOptions,
): FatalError {
  return new FatalError(
    'CDC_PUBLICATION_INVALID',
    `${where} had no publication ${publicationName} for a part of what slot ${slotName} still has to read, so changes are missing; never drop it while the slot exists: ${slotLostRemedy({slotName})}`,
    options,
  );
}

/**
 * Whether the server leaves changes out because their publication was not there: from Postgres 18 on a warning, of this
 * state in whatever language.
 */
export function isPublicationSkipped({code, message}: ServerNotice): boolean {
  return code === '55000' || /publication/.test(message);
}

/** How to start over after changes were lost on the server. */
export function slotLostRemedy({slotName}: Pick<ErrorContext, 'slotName'>): string {
  return `take a new snapshot: SELECT pg_drop_replication_slot('${slotName}') where it still exists, and start with snapshot.mode: when_needed`;
}

function tlsRemedy(code: string, text: string): string {
  if (/not support SSL/.test(text))
    return 'switch it on in Postgres (ssl = on), or set database.sslmode: disable';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'use a name of the certificate in database.hostname, or database.sslmode: verify-ca';
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return "renew the server's certificate, or correct the clock of this machine";
  if (/ALERT/i.test(code) || /alert/.test(text))
    return 'the server does not take what this side shows; check database.sslcert, database.sslkey and its ssl_ca_file';
  if (code.startsWith('ERR_OSSL_'))
    return 'check the files of database.sslrootcert, database.sslcert and database.sslkey';
  return "name the authority of the server's certificate in database.sslrootcert";
}

function authenticationRemedy(text: string): string {
  if (/client certificate|certificate authentication/.test(text))
    return 'set database.sslcert and database.sslkey to a certificate that the server takes for this user';
  return text.includes('pg_hba.conf')
    ? 'allow this host in pg_hba.conf, for the database and for replication'
    : 'check database.user and database.password';
}

function permissionRemedy(text: string, user: string): string {
  if (/replication|WAL sender/i.test(text)) return `run ALTER ROLE "${user}" REPLICATION`;
  const table = /permission denied for (?:table|schema|view) (\S+)/.exec(text);
  if (table !== null)
    return `run GRANT ${text.includes('schema') ? 'USAGE ON SCHEMA' : 'SELECT ON'} ${table[1]} TO "${user}"`;
  return 'grant it what it needs';
}

function isInvalidated(code: string, text: string, context: ErrorContext): boolean {
  return (
    code === '58P01' ||
    (code === '55000' &&
      isAbout('slot', text, context) &&
      !/not created in this database/.test(text))
  );
}

/** By the word, or by the name, which messages in other languages have, too (`lc_messages` is the server's). */
function isAbout(
  what: 'publication' | 'slot',
  text: string,
  {publicationName, slotName}: Pick<ErrorContext, 'publicationName' | 'slotName'>,
): boolean {
  if (/(?:publication|slot) "/.test(text)) return text.includes(`${what} "`);
  // The one may be a part of the other.
  const isPublication = text.includes(publicationName);
  return what === 'publication' ? isPublication : !isPublication && text.includes(slotName);
}
