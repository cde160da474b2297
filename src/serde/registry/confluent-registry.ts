import {LRUCache} from 'lru-cache';
import type {Clock} from '../../common/clock.ts';
import {ServiceError, messageOf} from '../../common/errors.ts';
import type {Logger} from '../../common/logger.ts';
import {compatibilityOf} from './compatibility-level.ts';
import {InFlight} from './in-flight.ts';
import type {RegistryAnswer} from './registry-endpoint.ts';
import {isNotFound, isSuccess, member, refusal} from './registry-errors.ts';
import {RegistryServers} from './registry-servers.ts';
import type {RegistryServersOptions} from './registry-servers.ts';
import type {Compatibility, SchemaRegistry} from './schema-registry.ts';

export interface ConfluentRegistryOptions extends Omit<RegistryServersOptions, 'timeoutMs'> {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: 10 s. */
  readonly timeoutMs?: number;
  /**
   * Which subjects get the level NONE before their first new version, unless they have one of their own. Default: none.
   *
   * Those of change events need it: they follow their tables, and an added column is incompatible under every other.
   */
  readonly unchecked?: (subject: string) => boolean;
}

/** How long "no such id" holds: whoever registered it may have done so just now. */
const unknownForMs = 5000;

/** Ids that are in use at a time are a few hundred; what is forgotten is asked for again. */
const maxCached = 5000;

/**
 * A Schema Registry that speaks Confluent's REST API.
 *
 * Of `@kafkajs/confluent-schema-registry` only the HTTP layer is used. Its `register` refuses subjects whose level is
 * not BACKWARD and sets that level on new ones, its `decode` compiles a validator for each id and each of the records
 * that wait for it, and it asks for an unknown id again with every record. Values are written and read by the
 * serializers of this service, compiled from their own schemas.
 *
 * Every operation is idempotent: after a RetriableError the caller does the same again.
 */
export class ConfluentRegistry implements SchemaRegistry {
  readonly #servers: RegistryServers;
  readonly #logger: Logger;
  readonly #unchecked: (subject: string) => boolean;
  readonly #texts: LRUCache<number, {readonly schema: string | undefined}>;
  readonly #ids = new LRUCache<string, number>({max: maxCached});
  readonly #lookUps = new InFlight<number, string | undefined>();
  readonly #registrations = new InFlight<string, number>();

  constructor({
    clock,
    logger,
    timeoutMs = 10_000,
    unchecked,
    ...options
  }: ConfluentRegistryOptions) {
    this.#servers = new RegistryServers({...options, clock, timeoutMs});
    this.#logger = logger;
    this.#unchecked = unchecked ?? (() => false);
    this.#texts = new LRUCache({max: maxCached, ttlResolution: 0, perf: {now: () => clock.now()}});
  }

  /**
   * Looks the schema up first: one that is registered needs no permission to write.
   *
   * @throws FatalError SCHEMA_INCOMPATIBLE, SCHEMA_INVALID, SCHEMA_REGISTRY_…
   * @throws RetriableError SCHEMA_REGISTRY_UNREACHABLE
   */
  async register(subject: string, schema: string): Promise<number> {
    const key = JSON.stringify([subject, schema]);
    return (
      this.#ids.get(key) ??
      this.#registrations.share(key, async () => {
        const id = (await this.#find(subject, schema)) ?? (await this.#add(subject, schema));
        this.#ids.set(key, id);
        this.#texts.set(id, {schema});
        return id;
      })
    );
  }

  /** @throws RetriableError SCHEMA_REGISTRY_UNREACHABLE: never undefined because the registry could not be asked. */
  async byId(id: number): Promise<string | undefined> {
    // Garbage that was read as an id.
    if (id < 0) return undefined;
    const known = this.#texts.get(id);
    return known === undefined ? this.#lookUps.share(id, () => this.#fetch(id)) : known.schema;
  }

  /** The level that applies, which may be the registry's own. */
  async compatibility(subject: string): Promise<Compatibility> {
    const answer = await this.#servers.ask((api, signal) =>
      api.Subject.config({subject, defaultToGlobal: true, signal}),
    );
    const level = compatibilityOf(member(answer.body, 'compatibilityLevel'));
    if (level === undefined) throw refusal(`subject ${subject}`, answer);
    return level;
  }

  async setCompatibility(subject: string, compatibility: Compatibility): Promise<void> {
    const answer = await this.#servers.ask((api, signal) =>
      api.Subject.updateConfig({subject, body: {compatibility}, signal}),
    );
    if (!isSuccess(answer)) throw refusal(`subject ${subject}`, answer);
  }

  /** The id under which this text is registered for this subject. */
  async #find(subject: string, schema: string): Promise<number | undefined> {
    const answer = await this.#servers.ask((api, signal) =>
      api.Subject.registered({subject, body: {schemaType: 'JSON', schema}, signal}),
    );
    return isNotFound(answer) ? undefined : idIn(answer, subject);
  }

  async #add(subject: string, schema: string): Promise<number> {
    if (this.#unchecked(subject)) await this.#uncheck(subject);
    const answer = await this.#servers.ask((api, signal) =>
      api.Subject.register({subject, body: {schemaType: 'JSON', schema}, signal}),
    );
    return idIn(answer, subject);
  }

  /** Gives the subject the level NONE where it has none of its own: whoever set one has meant it. */
  async #uncheck(subject: string): Promise<void> {
    const own = await this.#servers.ask((api, signal) => api.Subject.config({subject, signal}));
    if (isSuccess(own)) return;
    try {
      if (!isNotFound(own)) throw refusal(`subject ${subject}`, own);
      await this.setCompatibility(subject, 'NONE');
    } catch (error) {
      // Registering needs less; should the level ever refuse a version, that error has the same remedy.
      if (!isPermissionDenied(error)) throw error;
      this.#logger.warn(
        {subject, error: messageOf(error)},
        'The compatibility of the subject cannot be set to NONE; a change to its table may be refused',
      );
    }
  }

  async #fetch(id: number): Promise<string | undefined> {
    // A server that follows another may not have it yet.
    const answer = await this.#servers.askUntil(
      (api, signal) => api.Schema.find({id, signal}),
      (each) => !isNotFound(each),
    );
    if (isNotFound(answer)) {
      this.#texts.set(id, {schema: undefined}, {ttl: unknownForMs});
      return undefined;
    }
    const schema = member(answer.body, 'schema');
    if (!isSuccess(answer) || typeof schema !== 'string') throw refusal(`schema id ${id}`, answer);
    this.#texts.set(id, {schema});
    return schema;
  }
}

function idIn(answer: RegistryAnswer, subject: string): number {
  const id = member(answer.body, 'id');
  if (!isSuccess(answer) || typeof id !== 'number') throw refusal(`subject ${subject}`, answer);
  return id;
}

function isPermissionDenied(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'SCHEMA_REGISTRY_PERMISSION_DENIED';
}
