import type {Client} from 'pg';
import type {Logger} from '../../../common/logger.ts';
import {changeCatalog} from './change-catalog.ts';
import type {ChangeContext} from './change-catalog.ts';
import {publicationLostError} from '../connection/errors.ts';
import {publicationChanges, publicationWarnings, readPublication} from './publication.ts';
import type {PublicationPlan, PublicationState} from './publication.ts';

export interface EnsurePublicationOptions extends PublicationPlan, ChangeContext {
  /** The source's name. */
  readonly source: string;
  readonly slotName: string;
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
  const {name, where, source, slotName, resuming, mode} = options;
  if (state === undefined && resuming)
    throw publicationLostError(where, {publicationName: name, slotName});
  const doer = mode === 'all_tables' ? 'a superuser' : 'the owner of the tables';
  for (const statement of publicationChanges(options, state)) {
    logger.info({source, statement}, 'changing the publication');
    await changeCatalog(admin, {statement, doer}, options);
  }
  for (const warning of state === undefined ? [] : publicationWarnings(options, state))
    logger.warn({source}, `${where}: ${warning}`);
  const now = await readPublication(admin, name);
  if (now === undefined) throw publicationLostError(where, {publicationName: name, slotName});
  return now;
}
