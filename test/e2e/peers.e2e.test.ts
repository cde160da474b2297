import {describe, inject} from 'vitest';
import {peersSuite} from '../suites/peers-suite.ts';
import {openPipeline} from '../support/open-pipeline.ts';

describe('what the alternatives get wrong, on the embedded log', () => {
  peersSuite(
    async (options) => {
      const pipeline = await openPipeline(inject('postgresPort'), options);
      return {pipeline, close: () => pipeline.close()};
    },
    {
      isOneTask: true,
      snapshotOrders: 100_000,
      killedOrders: 200_000,
      kills: 5,
      timeoutMs: 300_000,
    },
  );
});
