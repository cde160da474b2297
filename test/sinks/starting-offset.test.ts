import {describe, expect, test} from 'vitest';
import {FatalError} from '../../src/common/errors.ts';
import {startingOffset} from '../../src/sinks/starting-offset.ts';

const log = {topic: 'orders', partition: 2, earliest: 10, latest: 20};

describe('startingOffset', () => {
  test("is the log's start where the warehouse has nothing", () => {
    expect(startingOffset('local', undefined, log)).toBe(10);
  });

  test.each([10, 15, 20])('is the watermark %i within the log', (watermark) => {
    expect(startingOffset('local', watermark, log)).toBe(watermark);
  });

  test.each([
    [9, 'retention has removed what comes before 10'],
    [21, 'the log ends at 20'],
  ])('does not leave out what the log no longer has: watermark %i', (watermark, reason) => {
    const start = (): number => startingOffset('local', watermark, log);

    expect(start).toThrow(FatalError);
    expect(start).toThrow(reason);
    expect(start).toThrow(`orders-2 up to offset ${watermark}`);
    expect(start).toThrow(expect.objectContaining({code: 'KAFKA_OFFSET_OUT_OF_RANGE'}) as Error);
  });
});
