/** Who asks, and whom the commands of a remedy are given to. */
export interface AclContext {
  readonly bootstrapServers: readonly string[];
  /** As ACLs name the client: `User:millrace`. */
  readonly principal: string;
}

/** An ACL operation as `kafka-acls.sh` names it. */
export type AclOperation = 'Read' | 'Write' | 'Create' | 'Delete' | 'Describe' | 'DescribeConfigs';

export interface AclResource {
  readonly kind: 'topic' | 'group' | 'transactional-id';
  readonly name: string;
  /** Whether the name is only how names begin. */
  readonly isPrefix?: boolean;
}

/** Codes of `org.apache.kafka.common.acl.AclOperation`; a bit of authorized operations each. */
const codes: Readonly<Record<AclOperation, number>> = {
  Read: 3,
  Write: 4,
  Create: 5,
  Delete: 6,
  Describe: 8,
  DescribeConfigs: 10,
};

/** Those of `wanted` that a bit field of authorized operations does not have. */
export function missingOperations(
  authorized: number,
  wanted: readonly AclOperation[],
): readonly AclOperation[] {
  return wanted.filter((operation) => (authorized & (1 << codes[operation])) === 0);
}

/** The command that allows it, for somebody who may; with SASL it takes `--command-config`. */
export function aclCommand(
  {bootstrapServers, principal}: AclContext,
  {kind, name, isPrefix = false}: AclResource,
  operations: readonly AclOperation[],
): string {
  return [
    `kafka-acls.sh --bootstrap-server ${bootstrapServers.join(',')} --add`,
    `--allow-principal '${principal}'`,
    ...operations.map((operation) => `--operation ${operation}`),
    `--${kind} ${name}`,
    ...(isPrefix ? ['--resource-pattern-type prefixed'] : []),
  ].join(' ');
}
