import type {Client} from 'pg';
import {FatalError, messageOf} from '../../common/errors.ts';
import type {Logger} from '../../common/logger.ts';
import {publicationLostError} from './errors.ts';
import {publicationChanges, publicationWarnings, readPublication} from './publication.ts';
import type {PublicationPlan, PublicationState} from './publication.ts';

export interface EnsurePublicationOptions extends PublicationPlan {
  /** The source's name. */
  readonly source: string;
  readonly slotName: string;
  readonly user: string;
  /** Whether the slot has changes to decode already, which need a publication that is older than they are. */
  readonly resuming: boolean;
}

/**
 * Makes the publication what its mode says, or finds it so. Returns it as it is then.
 *
 * @throws FatalError with the SQL where it is missing, was lost, or may not be changed by this user.
 */
export async function ensurePublication(
  admin: Client,
  state: PublicationState | undefined,
  options: EnsurePublicationOptions,
  logger: Logger,
): Promise<PublicationState> {
  const {name, where, source, slotName, resuming} = options;
  if (state === undefined && resuming)
    throw publicationLostError(where, {publicationName: name, slotName});
  for (const statement of publicationChanges(options, state)) {
    logger.info({source, statement}, 'changing the publication');
    try {
      await admin.query(statement);
    } catch (error) {
      throw refusal(error, statement, options);
    }
  }
  for (const warning of state === undefined ? [] : publicationWarnings(options, state))
    logger.warn({source}, `${where}: ${warning}`);
  const now = await readPublication(admin, name);
  if (now === undefined) throw publicationLostError(where, {publicationName: name, slotName});
  return now;
}

function refusal(
  error: unknown,
  statement: string,
  {where, user, mode}: EnsurePublicationOptions,
): unknown {
  if ((error as {code?: string}).code !== '42501') return error;
  const who = mode === 'all_tables' ? 'a superuser' : 'the owner of the tables';
  return new FatalError(
    'CDC_PERMISSION_DENIED',
    `${where}: user ${user} may not change the publication (${messageOf(error)}); run as ${who}: ${statement}`,
    {cause: error},
  );
}
