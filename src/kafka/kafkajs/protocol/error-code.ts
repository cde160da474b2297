/** The error codes that are told apart here; https://kafka.apache.org/protocol#protocol_error_codes. */
export const errorCode = {
  unknownServerError: -1,
  none: 0,
  offsetOutOfRange: 1,
  corruptMessage: 2,
  unknownTopicOrPartition: 3,
  leaderNotAvailable: 5,
  notLeaderOrFollower: 6,
  requestTimedOut: 7,
  messageTooLarge: 10,
  networkException: 13,
  coordinatorLoadInProgress: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  recordListTooLarge: 18,
  notEnoughReplicas: 19,
  notEnoughReplicasAfterAppend: 20,
  illegalGeneration: 22,
  inconsistentGroupProtocol: 23,
  unknownMemberId: 25,
  rebalanceInProgress: 27,
  topicAuthorizationFailed: 29,
  groupAuthorizationFailed: 30,
  clusterAuthorizationFailed: 31,
  topicAlreadyExists: 36,
  notController: 41,
  policyViolation: 44,
  outOfOrderSequenceNumber: 45,
  duplicateSequenceNumber: 46,
  invalidProducerEpoch: 47,
  invalidTxnState: 48,
  invalidProducerIdMapping: 49,
  invalidTransactionTimeout: 50,
  concurrentTransactions: 51,
  transactionalIdAuthorizationFailed: 53,
  operationNotAttempted: 55,
  kafkaStorageError: 56,
  unknownProducerId: 59,
  nonEmptyGroup: 68,
  groupIdNotFound: 69,
  fencedLeaderEpoch: 74,
  unknownLeaderEpoch: 75,
  offsetNotAvailable: 78,
  memberIdRequired: 79,
  fencedInstanceId: 82,
  unstableOffsetCommit: 88,
  throttlingQuotaExceeded: 89,
  producerFenced: 90,
  unknownTopicId: 100,
  inconsistentTopicId: 103,
} as const;

const names = new Map<number, string>(
  Object.entries(errorCode).map(([name, code]) => [
    code,
    name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(),
  ]),
);

/** Kafka's name of an error code, as in `NOT_LEADER_OR_FOLLOWER`; `ERROR_<code>` for one that is not listed. */
export function errorName(code: number): string {
  return names.get(code) ?? `ERROR_${code}`;
}

const moved = new Set<number>([
  errorCode.unknownTopicOrPartition,
  errorCode.leaderNotAvailable,
  errorCode.notLeaderOrFollower,
  errorCode.kafkaStorageError,
  errorCode.fencedLeaderEpoch,
  errorCode.unknownLeaderEpoch,
  errorCode.unknownTopicId,
  errorCode.inconsistentTopicId,
]);

const passing = new Set<number>([
  // What a coordinator answers in the middle of a failover; each request here may be repeated.
  errorCode.unknownServerError,
  errorCode.requestTimedOut,
  errorCode.networkException,
  errorCode.coordinatorLoadInProgress,
  errorCode.notEnoughReplicas,
  errorCode.notEnoughReplicasAfterAppend,
  errorCode.concurrentTransactions,
  errorCode.offsetNotAvailable,
  errorCode.unstableOffsetCommit,
  errorCode.throttlingQuotaExceeded,
]);

const elsewhere = new Set<number>([errorCode.coordinatorNotAvailable, errorCode.notCoordinator]);

/** The partition may have another leader now: read the metadata again, and repeat. */
export function isLeaderMove(code: number): boolean {
  return moved.has(code);
}

/** The coordinator may be another broker now: look it up again, and repeat. */
export function isCoordinatorMove(code: number): boolean {
  return elsewhere.has(code);
}

/** The same request may succeed in a moment. */
export function isRetriable(code: number): boolean {
  return (
    moved.has(code) || passing.has(code) || elsewhere.has(code) || code === errorCode.notController
  );
}

/** A producer with a later epoch has taken the transactional id over. */
export function isFenced(code: number): boolean {
  return code === errorCode.producerFenced || code === errorCode.invalidProducerEpoch;
}
