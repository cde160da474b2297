import {afterAll, describe, expect, test} from 'vitest';
import {kafkaNeeds, principalOf} from '../../../src/service/check/kafka-needs.ts';
import {ordersTopology} from '../../../src/topology.ts';
import {ConfigFolder, yamlWith} from '../../config/config-folder.ts';

const folder = new ConfigFolder();
afterAll(() => folder.remove());

const kafkaLines = ['application.id: shop', 'kafka:', '  bootstrap.servers: b:9092'];

function needs(top: readonly string[] = kafkaLines, registry?: readonly string[]) {
  const lines = registry === undefined ? {top} : {top, registry};
  const config = folder.load(yamlWith({...lines, sink: ['topics: orders_enriched, others']}));
  const event = {
    spec: {name: 'postgres.a.b', partitions: 1, cleanupPolicy: 'delete'},
    isExact: false,
    isCreated: true,
    operations: ['WRITE'],
  } as const;
  return kafkaNeeds(config, ordersTopology(config), [{topics: [event], subjects: [], results: []}]);
}

const planned = (of: ReturnType<typeof needs>) =>
  new Map(of.plan(new Map()).map((topic) => [topic.spec.name, topic]));

describe('kafkaNeeds', () => {
  test('has the topics of all stages, those of sources and sinks in one', () => {
    const topics = planned(needs());

    expect(topics.get('postgres.a.b')).toMatchObject({operations: ['WRITE'], isCreated: true});
    expect(topics.get('shop-cdc-offsets')).toMatchObject({
      spec: {partitions: 1, cleanupPolicy: 'compact'},
      isExact: true,
      operations: ['READ', 'WRITE'],
    });
    expect(topics.get('orders_enriched')?.operations.toSorted()).toEqual(['READ', 'WRITE']);
    expect(topics.get('others')).toMatchObject({operations: ['READ'], isCreated: false});
  });

  test('asks for every topic that it plans', () => {
    const of = needs();

    expect(of.topics).toEqual(expect.arrayContaining([...planned(of).keys()]));
  });

  test('has the topic of the embedded registry, where no other is configured', () => {
    expect(planned(needs()).get('shop-schemas')).toMatchObject({isExact: true});
    expect(planned(needs(kafkaLines, [])).has('shop-schemas')).toBe(false);
  });

  test('has dead letter topics of streams and sinks', () => {
    const topics = planned(needs([...kafkaLines, 'errors.tolerance: all']));

    const letters = [...topics.values()].filter(({spec}) => /dlq|dead/.test(spec.name));
    expect(letters.length).toBeGreaterThan(0);
    for (const {operations, isCreated} of letters)
      expect([operations, isCreated]).toEqual([['WRITE'], true]);
  });

  test('has a group for the streams and for each sink, and an id for each producer', () => {
    expect(needs()).toMatchObject({
      groups: ['shop', 'shop-sink-b'],
      transactionalIds: ['shop-cdc-camel', 'shop-<instance>'],
      prefix: 'shop',
    });
    const named = needs([...kafkaLines, '  group.instance.id: one']);
    expect(named.transactionalIds).toContain('shop-one');
  });
});

describe('principalOf', () => {
  test('is whom ACLs have to name', () => {
    const plain = {mechanism: 'PLAIN', username: 'me', password: 'secret'} as const;
    const oauth = {
      mechanism: 'OAUTHBEARER',
      tokenEndpoint: '',
      clientId: 'app',
      clientSecret: 'secret',
      scope: undefined,
    } as const;

    expect(principalOf(plain, undefined)).toBe('User:me');
    expect(principalOf(undefined, undefined)).toBe('User:ANONYMOUS');
    expect(principalOf(undefined, '/me.pem')).toContain('ssl.certificate');
    expect(principalOf(oauth, undefined)).toBe('User:<subject of the token of app>');
  });
});
