import {describe} from 'vitest';

import {RegisteredSchemas} from '../../../src/serde/registry/registered-schemas.ts';
import {schemaRegistrySuite} from '../../suites/schema-registry-suite.ts';
import {MemoryRegistry} from './memory-registry.ts';

describe('MemoryRegistry', () => {
  schemaRegistrySuite(async () => {
    const schemas = new RegisteredSchemas();
    return {
      registry: new MemoryRegistry(schemas),
      another: async () => new MemoryRegistry(schemas),
      close: async () => undefined,
    };
  });
});
