import {describe} from 'vitest';
import {MemoryStoreProvider} from '../../src/state/memory-store.ts';
import {committedStoreSuite} from '../suites/committed-store-suite.ts';

describe('MemoryStoreProvider', () => {
  committedStoreSuite(() =>
    Promise.resolve({provider: new MemoryStoreProvider(), close: () => Promise.resolve()}),
  );
});
