import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import type {SnapshotBatch} from '../../../src/cdc/replication-source.ts';
import type {KafkaClient, TransactionalProducer} from '../../../src/kafka/client.ts';
import {readTopic} from '../../support/change-events.ts';
import {openTestLog, runConnector} from '../../support/connector-run.ts';
import type {TestLog} from '../../support/connector-run.ts';
import {ScriptedSource, relation} from '../../support/scripted-source.ts';
import {until} from '../../support/until.ts';

const TOPIC = 'postgres.customers.customers';

class CountingSource extends ScriptedSource {
  batchesRead = 0;

  override async *snapshot(): AsyncGenerator<SnapshotBatch> {
    for await (const batch of super.snapshot()) {
      this.batchesRead++;
      yield batch;
    }
  }
}

/** Lets requests for the topic through one by one, or all once it is open; tells what its producer is asked for. */
class Gate {
  readonly calls: string[] = [];
  #isOpen = false;
  #waiting: (() => void)[] = [];

  open(): void {
    this.#isOpen = true;
    for (const pass of this.#waiting.splice(0)) pass();
  }

  letOneThrough(): void {
    this.#waiting.shift()?.();
  }

  around(kafka: KafkaClient): KafkaClient {
    return {
      admin: kafka.admin,
      fetcher: (options) => kafka.fetcher(options),
      groupMember: (options) => kafka.groupMember(options),
      close: () => kafka.close(),
      transactionalProducer: (id, options) =>
        this.#producer(kafka.transactionalProducer(id, options)),
    };
  }

  #producer(producer: TransactionalProducer): TransactionalProducer {
    return {
      init: () => producer.init(),
      begin: () => producer.begin(),
      send: async (batches) => {
        if (!batches.some(({topic}) => topic === TOPIC)) return producer.send(batches);
        this.calls.push('send');
        if (!this.#isOpen) await new Promise<void>((resolve) => this.#waiting.push(resolve));
        const answer = await producer.send(batches);
        this.calls.push('answer');
        return answer;
      },
      sendOffsets: (group, offsets) => producer.sendOffsets(group, offsets),
      commit: async () => {
        this.calls.push('commit');
        await producer.commit();
      },
      abort: async () => {
        this.calls.push('abort');
        await producer.abort();
      },
    };
  }
}

describe('SnapshotPublisher', () => {
  let log: TestLog;
  let source: CountingSource;
  let gate: Gate;
  let run: ReturnType<typeof runConnector>;

  beforeEach(async () => {
    log = await openTestLog();
    source = new CountingSource();
    source.rowsPerBatch = 1;
    source.snapshotTables = [
      {relation: relation(), rows: ['1', '2', '3', '4', '5'].map((id) => [id, id, id, id, id])},
    ];
    gate = new Gate();
    run = runConnector(log, source, {
      kafka: gate.around(log.kafka),
      options: {batch: {maxRecords: 1, maxBytes: 1e6}},
    });
    await until('the first rows are on their way', () => gate.calls.length > 0);
    gate.calls.splice(0, gate.calls.length, 'send');
  });

  afterEach(async () => {
    gate.open();
    await run.stop();
    await log.close();
  });

  test('encodes the next rows while those before are on their way, one request at a time', async () => {
    // One batch is on its way, one is encoded, one is held back until it is known whether it is the last.
    await until('the rows behind are encoded', () => source.batchesRead === 3);
    expect(gate.calls).toEqual(['send']);

    gate.open();
    await until(
      'the snapshot is there',
      async () => (await readTopic(log.kafka, TOPIC)).length === 5,
    );

    const [sends, commit] = [gate.calls.slice(0, 10), gate.calls[10]];
    expect(sends).toEqual(Array.from({length: 5}, () => ['send', 'answer']).flat());
    expect(commit).toBe('commit');
    expect((await readTopic(log.kafka, TOPIC)).map(({key}) => String(key))).toEqual(
      ['1', '2', '3', '4', '5'].map((id) => JSON.stringify({id})),
    );
  });

  test('gives up its transaction only after the request that is on its way', async () => {
    await until('the rows behind are encoded', () => source.batchesRead === 3);
    const stopped = run.stop();
    gate.letOneThrough();
    await until('the next one is on its way', () => gate.calls.length === 3);
    await systemClock.yield();
    expect(gate.calls).toEqual(['send', 'answer', 'send']);

    gate.open();
    await stopped;

    expect(gate.calls).toEqual(['send', 'answer', 'send', 'answer', 'abort']);
  });
});
