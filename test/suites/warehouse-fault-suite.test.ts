import {describe} from 'vitest';
import {RetriableError, TaskError} from '../../src/common/errors.ts';
import type {SinkPartition, SinkSource, WarehouseSink} from '../../src/sinks/warehouse-sink.ts';
import {MemorySink, MemoryWarehouse} from '../support/memory-sink.ts';
import {StatementFaults} from '../support/statement-faults.ts';
import {warehouseFaultSuite} from './warehouse-fault-suite.ts';

describe('MemorySink', () => {
  warehouseFaultSuite(async () => {
    const warehouse = new MemoryWarehouse();
    const faults = new StatementFaults();
    return {
      faults,
      connect: () => faultySink(new MemorySink(warehouse), faults),
      rows: async (table) => warehouse.rows(table),
      close: async () => undefined,
    };
  });
});

/** A sink with one statement for each call. */
function faultySink(sink: WarehouseSink, faults: StatementFaults): WarehouseSink {
  const open = async (source: SinkSource): Promise<SinkPartition> => {
    const partition = await statement('OPEN', faults, () => sink.open(source));
    let isBroken = false;
    return {
      nextOffset: partition.nextOffset,
      write: async (batch) => {
        if (isBroken) throw new TaskError('SINK_FENCED', 'the session is gone');
        try {
          await statement('WRITE', faults, () => partition.write(batch));
        } catch (error) {
          isBroken = error instanceof RetriableError;
          throw error;
        }
      },
      close: () => partition.close(),
    };
  };
  return {open, close: () => sink.close()};
}

async function statement<T>(sql: string, faults: StatementFaults, run: () => Promise<T>) {
  const fault = faults.take(sql);
  switch (fault) {
    case undefined:
      return run();
    case 'held':
    // Each statement of this warehouse commits as it runs.
    case 'commits-late':
      await faults.whenReleased;
      return run();
    case 'hangs-before':
      return new Promise<T>(() => undefined);
    case 'hangs-after':
      await run().catch(() => undefined);
      return new Promise<T>(() => undefined);
    case 'fails-after':
    case 'answer-lost':
      await run().catch(() => undefined);
      break;
    case 'fails-before':
    case 'reset':
    case 'session-expired':
    case 'too-many-requests':
    case 'unavailable':
      break;
  }
  throw new RetriableError('SINK_UNREACHABLE', fault);
}
