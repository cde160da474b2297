import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {OffsetStore} from '../../src/cdc/offset-store.ts';
import type {DurableOffset} from '../../src/cdc/offset-store.ts';
import {FatalError} from '../../src/common/errors.ts';
import {systemClock} from '../../src/common/clock.ts';
import type {TransactionalProducer} from '../../src/kafka/client.ts';
import {readTopic} from '../support/change-events.ts';
import {openTestLog} from '../support/connector-run.ts';
import type {TestLog} from '../support/connector-run.ts';

const TOPIC = 'test-cdc-offsets';
const {signal} = new AbortController();

describe('OffsetStore', () => {
  let log: TestLog;
  let producer: TransactionalProducer;

  beforeEach(async () => {
    log = await openTestLog();
    producer = log.kafka.transactionalProducer('offsets');
    await store().ensureTopic(1);
    await producer.init();
  });

  afterEach(async () => {
    await log.close();
  });

  function store(slot = 'camel'): OffsetStore {
    return new OffsetStore(log.kafka, TOPIC, slot, 'postgres', systemClock);
  }

  async function write(offsets: OffsetStore, offset: DurableOffset): Promise<void> {
    producer.begin();
    await producer.send([offsets.records(offset)]);
    await producer.commit();
  }

  test('knows nothing of a slot that never committed', async () => {
    await write(store('turtle'), {lsn: 1n, systemId: 's'});

    expect(await store().read(signal)).toBeUndefined();
  });

  test('knows a slot that was claimed, and nothing of where it stands', async () => {
    const offsets = store();
    await offsets.read(signal);
    expect(offsets.isClaimed).toBe(false);
    producer.begin();
    await producer.send([offsets.claim()]);
    await producer.commit();

    expect(await offsets.read(signal)).toBeUndefined();
    expect(offsets.isClaimed).toBe(true);
    const other = store('turtle');
    await other.read(signal);
    expect(other.isClaimed).toBe(false);
  });

  test('reads what was committed last, with all that a restart must know', async () => {
    const offset: DurableOffset = {
      lsn: 0xa_0000_0001n,
      systemId: 's',
      timeline: 3,
      tables: ['a.b', 'a.c'],
      snapshot: {completed: ['a.b']},
      incremental: {
        isPaused: false,
        requested: [{pattern: 'a.*'}],
        tables: [{table: 'a.c', rows: 5, after: ['4'], upTo: ['9']}],
      },
    };
    await write(store(), {lsn: 1n, systemId: 's'});
    await write(store(), offset);

    expect(await store().read(signal)).toEqual(offset);
  });

  test('forgets what is complete', async () => {
    const offsets = store();
    await write(offsets, {lsn: 1n, systemId: 's', snapshot: {completed: []}, tables: ['a.b']});
    await write(offsets, {lsn: 2n, systemId: 's', tables: ['a.b']});

    expect(await store().read(signal)).toEqual({lsn: 2n, systemId: 's', tables: ['a.b']});
  });

  test('writes the tables only when they are others', async () => {
    const first = store();
    await write(first, {lsn: 1n, systemId: 's', tables: ['a.b']});
    await write(first, {lsn: 2n, systemId: 's', tables: ['a.b']});
    const second = store();
    await second.read(signal);
    await write(second, {lsn: 3n, systemId: 's', tables: ['a.b']});
    await write(second, {lsn: 4n, systemId: 's', tables: ['a.b', 'a.c']});

    const keys = (await readTopic(log.kafka, TOPIC)).map(({key}) => key);
    expect(keys.filter((key) => key?.includes('tables'))).toHaveLength(2);
  });

  test('names a record of another version', async () => {
    producer.begin();
    const {topic, partition, records} = store().records({lsn: 1n, systemId: 's'});
    const other = records.map((record) => ({...record, value: Buffer.from('{"v":9}')}));
    await producer.send([{topic, partition, records: other}]);
    await producer.commit();

    await expect(store().read(signal)).rejects.toThrow(FatalError);
    await expect(store().read(signal)).rejects.toThrow(/"v":9.* is not an offset of this version/);
  });
});
