import type {TestProject} from 'vitest/node';
import {ApicurioRegistry} from '../servers/apicurio-registry.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Base address of the one schema registry of this test run, Confluent's API; tests name subjects of their own. */
    readonly schemaRegistryUrl: string;
  }
}

/** One registry for all test files of a project, or the one that `SCHEMA_REGISTRY_URL` names. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env['SCHEMA_REGISTRY_URL'];
  if (given !== undefined && given !== '') {
    project.provide('schemaRegistryUrl', given.replace(/\/$/, ''));
    return undefined;
  }
  const registry = await ApicurioRegistry.start();
  project.provide('schemaRegistryUrl', registry.url);
  return () => registry.stop();
}
