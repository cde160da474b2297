import {describe, expect, test} from 'vitest';
import {aclCommand, missingOperations} from '../../../../src/kafka/kafkajs/check/acl-command.ts';
import {
  advertisedChecks,
  bootstrapChecks,
} from '../../../../src/kafka/kafkajs/check/broker-checks.ts';
import {topicChecks} from '../../../../src/kafka/kafkajs/check/topic-checks.ts';
import type {SeenTopic, TopicSight} from '../../../../src/kafka/kafkajs/check/topic-checks.ts';
import {errorCode} from '../../../../src/kafka/kafkajs/protocol/error-code.ts';
import type {NeededTopic} from '../../../../src/kafka/needed-topic.ts';
import {troubles} from '../../../support/check-results.ts';

const context = {
  bootstrapServers: ['b1:9092', 'b2:9092'],
  principal: 'User:me',
  minInsyncReplicas: 2,
  maxRequestSize: 1_000_000,
  brokers: 3,
};

const needed: NeededTopic = {
  spec: {name: 't', partitions: 4, cleanupPolicy: 'delete', replicationFactor: 3},
  isExact: true,
  isCreated: true,
  operations: ['READ', 'WRITE'],
};

const seen: SeenTopic = {
  shape: {partitions: 4, replicationFactor: 3, cleanupPolicy: 'delete', minInsyncReplicas: 2},
  maxMessageBytes: 1_048_588,
  denied: [],
};

function there(more: Partial<SeenTopic> = {}): TopicSight {
  return {kind: 'there', topic: {...seen, ...more}};
}

function missing(error: number, mayWrite = true): TopicSight {
  return {kind: 'missing', creation: {error, message: null, maxMessageBytes: undefined}, mayWrite};
}

const check = (sight: TopicSight, more: Partial<NeededTopic> = {}): readonly string[] =>
  troubles(topicChecks({...needed, ...more}, sight, context));

describe('topicChecks', () => {
  test('finds nothing wrong with a topic that is as it is needed', () => {
    expect(check(there())).toEqual([]);
    expect(check(missing(errorCode.none))).toEqual([]);
  });

  test('names all that is otherwise, each with its remedy', () => {
    const shape = {
      partitions: 2,
      replicationFactor: 1,
      cleanupPolicy: 'compact',
      minInsyncReplicas: 1,
    };

    expect(check(there({shape}))).toEqual([
      'failed topic t: it has 2 partitions instead of 4 -> where it holds nothing yet, run as an administrator -> kafka-topics.sh --bootstrap-server b1:9092,b2:9092 --alter --topic t --partitions 4',
      'failed topic t: it has cleanup.policy compact instead of delete -> run as an administrator -> kafka-configs.sh --bootstrap-server b1:9092,b2:9092 --alter --entity-type topics --entity-name t --add-config cleanup.policy=delete',
      'failed topic t: it has 1 replicas instead of 3 -> give it more with kafka-reassign-partitions.sh, or set replication.factor lower',
      'failed topic t: it has min.insync.replicas 1 instead of 2 -> run as an administrator -> kafka-configs.sh --bootstrap-server b1:9092,b2:9092 --alter --entity-type topics --entity-name t --add-config min.insync.replicas=2',
    ]);
    expect(check(there({shape}), {isExact: false})).toEqual([]);
  });

  test('says nothing of a configuration that it may not see', () => {
    const shape = {...seen.shape, cleanupPolicy: 'compact'};

    expect(check(there({shape, denied: ['DescribeConfigs']}))).toEqual([
      expect.stringContaining('User:me lacks DescribeConfigs on it'),
    ]);
  });

  test('names a topic that takes no writes, and one that takes too small ones', () => {
    const shape = {...seen.shape, minInsyncReplicas: 4};

    expect(check(there({shape}))).toEqual([
      expect.stringMatching(/min.insync.replicas 4 and 3 replicas: nothing can be written .*=3$/),
    ]);
    expect(check(there({maxMessageBytes: 999_999}))).toEqual([
      expect.stringMatching(
        /max.message.bytes 999999 is below max.request.size 1000000 .*=1000000$/,
      ),
    ]);
    expect(check(there({maxMessageBytes: 999_999}), {operations: ['READ']})).toEqual([]);
  });

  test.each([
    [missing(errorCode.topicAuthorizationFailed), /lacks Create on it/],
    [missing(errorCode.topicAuthorizationFailed, false), /lacks Describe, .*Write, Create on it/],
    [missing(errorCode.none, false), /lacks Describe, DescribeConfigs, Read, Write, Create on it/],
    [missing(errorCode.policyViolation), /would not make it: POLICY_VIOLATION/],
    [{kind: 'hidden'}, /lacks Describe, DescribeConfigs, Read, Write, Create on it/],
  ] as const)('says why it cannot be made: %j', (sight, message) => {
    expect(check(sight)).toEqual([expect.stringMatching(message)]);
  });

  test('asks for no more replicas than there are brokers', () => {
    const spec = {...needed.spec, replicationFactor: 4};

    expect(check(missing(errorCode.none), {spec})).toEqual([
      expect.stringContaining('it is to have 4 replicas, and there are 3 brokers'),
    ]);
  });
});

describe('advertisedChecks', () => {
  test('says that the cluster sends clients to where they do not get', () => {
    const attempt = {
      server: 'inner:9092',
      error: new Error('inner:9092: getaddrinfo ENOTFOUND'),
      brokers: [],
    };

    expect(troubles(advertisedChecks([attempt]))).toEqual([
      "failed broker inner:9092: the cluster sends clients here: getaddrinfo ENOTFOUND -> set the broker's advertised.listeners to an address that this machine reaches, or open the way",
    ]);
    expect(troubles(advertisedChecks([{...attempt, error: undefined}]))).toEqual([]);
  });
});

describe('bootstrapChecks', () => {
  test('takes one that is away for a warning while another answers', () => {
    const away = {
      server: 'b1:9092',
      error: new Error('b1:9092: connect ECONNREFUSED'),
      brokers: [],
    };
    const up = {server: 'b2:9092', error: undefined, brokers: []};

    expect(troubles(bootstrapChecks([away, up], 'reached'))).toEqual([
      expect.stringMatching(/^warning broker b1:9092: connect ECONNREFUSED/),
    ]);
    expect(troubles(bootstrapChecks([away], 'reached'))).toEqual([
      expect.stringMatching(/^failed broker b1:9092/),
    ]);
  });
});

describe('aclCommand', () => {
  test('is the command line of kafka-acls.sh', () => {
    expect(
      aclCommand(context, {kind: 'transactional-id', name: 'app', isPrefix: true}, [
        'Write',
        'Describe',
      ]),
    ).toBe(
      "kafka-acls.sh --bootstrap-server b1:9092,b2:9092 --add --allow-principal 'User:me' --operation Write --operation Describe --transactional-id app --resource-pattern-type prefixed",
    );
  });
});

describe('missingOperations', () => {
  test('reads the bit of each operation', () => {
    // READ and DESCRIBE: bits 3 and 8.
    expect(missingOperations(0b1_0000_1000, ['Read', 'Write', 'Describe', 'Delete'])).toEqual([
      'Write',
      'Delete',
    ]);
  });
});
