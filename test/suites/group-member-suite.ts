import {afterEach, describe, expect, test} from 'vitest';
import type {
  GroupGeneration,
  GroupMember,
  GroupOptions,
  KafkaClient,
  TransactionalProducer,
} from '../../src/kafka/client.ts';

/** What `kafkaClientSuite` has at hand in each test. */
export interface GroupsUnderTest {
  readonly client: () => KafkaClient;
  readonly topic: () => string;
  readonly createTopic: (partitions: number) => Promise<void>;
  readonly producer: () => Promise<TransactionalProducer>;
  /** Of a group of the test's own, which deals the partitions of the topic in turn. */
  readonly options: (more?: Partial<GroupOptions>) => GroupOptions;
}

/** What every GroupMember does: the part of `kafkaClientSuite` about groups. */
export function groupMemberSuite(under: GroupsUnderTest): void {
  const {client, topic, createTopic, producer, options} = under;

  describe('groupMember', () => {
    async function both(): Promise<[GroupGeneration, GroupGeneration]> {
      const [first, second] = [client().groupMember(options()), client().groupMember(options())];
      const alone = await first.join();
      const joining = second.join();
      await aborted(alone.ended);
      const generations = await Promise.all([first.join(), joining]);
      members = [first, second];
      return generations;
    }

    let members: GroupMember[] = [];

    afterEach(async () => {
      for (const member of members.splice(0)) await member.leave();
    });

    test('shows its members, and is deleted with what it has committed once it has none', async () => {
      await createTopic(1);
      const {admin} = client();
      const {groupId} = options();
      const partition = {topic: topic(), partition: 0};
      const member = client().groupMember(options());
      const {memberId, generationId} = await member.join();
      const writer = await producer();
      writer.begin();
      await writer.sendOffsets({groupId, memberId, generationId}, [{...partition, offset: 5}]);
      await writer.commit();

      expect((await admin.groupMembers(groupId)).map((each) => each.memberId)).toEqual([memberId]);
      await expect(admin.deleteGroup(groupId)).rejects.toMatchObject({code: 'KAFKA_GROUP_IN_USE'});
      expect(await admin.committedOffsets(groupId, [partition])).toEqual([5]);

      await member.leave();
      expect(await admin.groupMembers(groupId)).toEqual([]);
      await admin.deleteGroup(groupId);
      expect(await admin.committedOffsets(groupId, [partition])).toEqual([null]);
    });

    test('is nothing to show or to delete where nobody was', async () => {
      const {admin} = client();
      const {groupId} = options();

      await admin.deleteGroup(groupId);

      expect(await admin.groupMembers(groupId)).toEqual([]);
    });

    test('gives a lone member everything', async () => {
      await createTopic(2);
      const member = client().groupMember(options());

      const generation = await member.join();

      expect(generation.assignment).toEqual(
        [0, 1].map((partition) => ({topic: topic(), partition})),
      );
      expect(generation.ended.aborted).toBe(false);
      await member.leave();
    });

    test('ends the generation when a member joins and shares the partitions out anew', async () => {
      await createTopic(2);

      const [first, second] = await both();

      expect(first.generationId).toBe(second.generationId);
      const all = [...first.assignment, ...second.assignment].map(({partition}) => partition);
      expect(new Set(all)).toEqual(new Set([0, 1]));
      expect(first.assignment).toHaveLength(1);
    });

    test('ends the generation when a member leaves', async () => {
      await createTopic(2);
      const [first, second] = [client().groupMember(options()), client().groupMember(options())];
      const alone = await first.join();
      const joining = second.join();
      await aborted(alone.ended);
      const [together] = await Promise.all([first.join(), joining]);

      await second.leave();
      await aborted(together.ended);

      const last = await first.join();
      expect(last.assignment).toHaveLength(2);
      expect(last.generationId).toBeGreaterThan(together.generationId);
      await first.leave();
    });

    test('refuses offsets of an earlier generation and takes those of the present one', async () => {
      await createTopic(2);
      const member = client().groupMember(options());
      const old = await member.join();
      const other = client().groupMember(options());
      const joining = other.join();
      await aborted(old.ended);
      const [present] = await Promise.all([member.join(), joining]);
      members = [member, other];
      const by = await producer();
      by.begin();
      const offsets = [{topic: topic(), partition: 0, offset: 5}];

      const refused = by.sendOffsets(old, offsets);

      await expect(refused).rejects.toMatchObject({
        code: 'KAFKA_ILLEGAL_GENERATION',
        name: 'TaskError',
      });
      await by.abort();
      by.begin();
      await by.sendOffsets(present, offsets);
      await by.commit();
      expect(
        await client().admin.committedOffsets(options().groupId, [{topic: topic(), partition: 0}]),
      ).toEqual([5]);
    });

    test('refuses offsets of someone who is no member', async () => {
      await createTopic(2);
      const [first] = await both();
      const by = await producer();
      by.begin();

      const refused = by.sendOffsets({...first, memberId: 'stranger'}, [
        {topic: topic(), partition: 0, offset: 5},
      ]);

      await expect(refused).rejects.toMatchObject({code: 'KAFKA_ILLEGAL_GENERATION'});
      await by.abort();
    });

    test('gives a static member its place back without a rebalance', async () => {
      await createTopic(2);
      const member = client().groupMember(options());
      const alone = await member.join();
      const still = client().groupMember(options({instanceId: 'one'}));
      const joining = still.join();
      await aborted(alone.ended);
      const [other, before] = await Promise.all([member.join(), joining]);
      await still.leave();

      const again = client().groupMember(options({instanceId: 'one'}));
      const after = await again.join();

      expect(after.assignment).toEqual(before.assignment);
      expect(after.generationId).toBe(other.generationId);
      expect(other.ended.aborted).toBe(false);
      await member.leave();
    });

    test('gives the place of a static member up on leave where it is told to', async () => {
      await createTopic(2);
      const member = client().groupMember(options());
      const alone = await member.join();
      const passing = client().groupMember(options({instanceId: 'one', releasesPlace: true}));
      const joining = passing.join();
      await aborted(alone.ended);
      const [together] = await Promise.all([member.join(), joining]);

      await passing.leave();
      await aborted(together.ended);

      expect((await member.join()).assignment).toHaveLength(2);
      await member.leave();
    });

    test('lets members tell the leader of themselves at each join, and the leader answer', async () => {
      await createTopic(2);
      const told: string[][] = [];
      const named = (name: string): GroupOptions => {
        let joins = 0;
        return options({
          instanceId: name,
          releasesPlace: true,
          userData: () => Buffer.from(`${name} ${++joins}`),
          assign: (joined) => {
            told.push(joined.map(({instanceId, userData}) => `${instanceId}: ${String(userData)}`));
            return new Map(
              joined.map(({memberId, userData}) => [
                memberId,
                {partitions: [], userData: Buffer.concat([Buffer.from('re '), userData])},
              ]),
            );
          },
        });
      };
      const [first, second] = [client().groupMember(named('a')), client().groupMember(named('b'))];
      members = [first, second];
      const alone = await first.join();
      const joining = second.join();
      await aborted(alone.ended);

      const [one, two] = await Promise.all([first.join(), joining]);

      // A broker may ask a member to join a second time under the id that it gives it.
      const counted = expect.stringMatching(/^a: a [12]$/) as string;
      expect(told[0]).toEqual([counted]);
      expect(told.at(-1)?.toSorted()).toEqual([
        expect.stringMatching(/^a: a [23]$/),
        expect.stringMatching(/^b: b [12]$/),
      ]);
      expect(String(one.userData)).toMatch(/^re a [23]$/);
      expect(String(two.userData)).toMatch(/^re b [12]$/);
    });

    test('has nothing from a leader that tells nothing, and tells it nothing', async () => {
      await createTopic(1);
      const told: Buffer[] = [];
      const {assign} = options();
      const member = client().groupMember(
        options({
          assign: (joined, partitions) => {
            told.push(...joined.map(({userData}) => userData));
            return assign(joined, partitions);
          },
        }),
      );
      members = [member];

      const {userData} = await member.join();

      expect([userData, ...told]).toEqual([Buffer.alloc(0), Buffer.alloc(0)]);
    });

    test('stops joining when the signal aborts', async () => {
      await createTopic(2);
      const member = client().groupMember(options());
      await member.join();
      const other = client().groupMember(options());
      const abort = new AbortController();
      const joining = other.join(abort.signal);

      abort.abort(new Error('shutting down'));

      await expect(joining).rejects.toThrow('shutting down');
      await member.leave();
    });
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), {once: true});
  });
}
