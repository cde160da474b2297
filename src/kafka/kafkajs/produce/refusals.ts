import {TaskError} from '../../../common/errors.ts';
import {BrokerError, ConnectionLostError} from '../connection/broker-error.ts';
import {errorCode, isRetriable} from '../protocol/error-code.ts';
import type {PartitionError} from '../protocol/transaction-requests.ts';

/** The error that says why partitions were refused: OPERATION_NOT_ATTEMPTED only tells that another was. */
export function firstError(answers: readonly PartitionError[]): PartitionError | undefined {
  const refused = answers.filter(({error}) => error !== errorCode.none);
  return refused.find(({error}) => error !== errorCode.operationNotAttempted) ?? refused[0];
}

/** The group has moved on from the member's generation. */
export function isOutdatedMember(code: number): boolean {
  return (
    code === errorCode.illegalGeneration ||
    code === errorCode.unknownMemberId ||
    code === errorCode.fencedInstanceId ||
    code === errorCode.rebalanceInProgress
  );
}

export function isRefusedGeneration(error: unknown): boolean {
  return error instanceof TaskError && error.code === 'KAFKA_ILLEGAL_GENERATION';
}

/** The same request may succeed later. */
export function mayPass(error: unknown): boolean {
  return (
    error instanceof ConnectionLostError ||
    (error instanceof BrokerError && isRetriable(error.code))
  );
}
