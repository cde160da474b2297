import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ConfigResourceTypes,
  ResourcePatternTypes,
} from 'kafkajs';
import type {Admin} from 'kafkajs';

const resources = {
  topic: AclResourceTypes.TOPIC,
  group: AclResourceTypes.GROUP,
  'transactional-id': AclResourceTypes.TRANSACTIONAL_ID,
} as const;

const operations: Readonly<Record<string, AclOperationTypes>> = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Create: AclOperationTypes.CREATE,
  Delete: AclOperationTypes.DELETE,
  Describe: AclOperationTypes.DESCRIBE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
};

/** Does what one command line of Kafka's own tools does, as far as remedies name them. */
export async function runKafkaTool(admin: Admin, command: string): Promise<void> {
  const [tool = '', ...words] = command.split(' ').map((word) => word.replaceAll("'", ''));
  const all = (flag: string): string[] =>
    words.flatMap((word, at) => (word === flag ? [words[at + 1] ?? ''] : []));
  const one = (flag: string): string => {
    const [value] = all(flag);
    if (value === undefined) throw new Error(`no ${flag} in ${command}`);
    return value;
  };
  if (tool === 'kafka-acls.sh') {
    const [kind, resourceType] =
      Object.entries(resources).find(([name]) => words.includes(`--${name}`)) ?? [];
    if (kind === undefined || resourceType === undefined)
      throw new Error(`no resource: ${command}`);
    const isPrefix = words.includes('prefixed');
    await admin.createAcls({
      acl: all('--operation').map((name) => ({
        resourceType,
        resourceName: one(`--${kind}`),
        resourcePatternType: isPrefix
          ? ResourcePatternTypes.PREFIXED
          : ResourcePatternTypes.LITERAL,
        principal: one('--allow-principal'),
        host: '*',
        operation: operations[name] ?? AclOperationTypes.UNKNOWN,
        permissionType: AclPermissionTypes.ALLOW,
      })),
    });
    return;
  }
  if (tool === 'kafka-configs.sh') {
    const [name = '', value = ''] = one('--add-config').split('=');
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: ConfigResourceTypes.TOPIC,
          name: one('--entity-name'),
          configEntries: [{name, value}],
        },
      ],
    });
    return;
  }
  if (tool !== 'kafka-topics.sh') throw new Error(`no tool of Kafka's: ${command}`);
  const topic = one('--topic');
  if (words.includes('--delete')) await admin.deleteTopics({topics: [topic]});
  else if (words.includes('--create'))
    await admin.createTopics({topics: [{topic, numPartitions: Number(one('--partitions'))}]});
  else
    await admin.createPartitions({
      topicPartitions: [{topic, count: Number(one('--partitions'))}],
    });
}
