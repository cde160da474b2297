import {FatalError} from '../common/errors.ts';

/** A group whose members would lose what they have committed. */
export function groupInUse(groupId: string): FatalError {
  return new FatalError(
    'KAFKA_GROUP_IN_USE',
    `group ${groupId} has members, so instances are alive; stop them all, or wait for the session timeout of those that were killed`,
  );
}
