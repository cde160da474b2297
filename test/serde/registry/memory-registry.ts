import {RegisteredSchemas} from '../../../src/serde/registry/registered-schemas.ts';
import type {Compatibility, SchemaRegistry} from '../../../src/serde/registry/schema-registry.ts';

/** A registry that forgets everything with its process; instances may share their schemas. */
export class MemoryRegistry implements SchemaRegistry {
  readonly #schemas: RegisteredSchemas;

  constructor(schemas = new RegisteredSchemas()) {
    this.#schemas = schemas;
  }

  async register(subject: string, schema: string): Promise<number> {
    const registered = this.#schemas.idUnder(subject, schema);
    if (registered !== undefined) return registered;
    const version = this.#schemas.next(subject, schema);
    this.#schemas.add(version);
    return version.id;
  }

  async byId(id: number): Promise<string | undefined> {
    return this.#schemas.byId(id);
  }

  async compatibility(subject: string): Promise<Compatibility> {
    return this.#schemas.compatibility(subject);
  }

  async setCompatibility(subject: string, level: Compatibility): Promise<void> {
    this.#schemas.setCompatibility(subject, level);
  }
}
