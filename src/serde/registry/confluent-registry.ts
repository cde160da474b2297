import {LRUCache} from 'lru-cache';
import type {Clock} from '../../common/clock.ts';
import type {Logger} from '../../common/logger.ts';
import {compatibilityOf} from './compatibility-level.ts';
import {InFlight} from './in-flight.ts';
import type {RegistryAnswer} from './registry-endpoint.ts';
import {errorCodeOf, isNotFound, isSuccess, member, refusal} from './registry-errors.ts';
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

/** Each is won by another instance, which then has nothing more to register. */
const maxRaces = 10;

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
    const answer = await this.#setCompatibility(subject, compatibility);
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
    let toCheck = this.#unchecked(subject) && !(await this.#uncheck(subject));
    let answer = await this.#register(subject, schema);
    for (let race = 1; race <= maxRaces && isRace(answer); race++) {
      if (toCheck) toCheck = !(await this.#uncheck(subject));
      answer = await this.#register(subject, schema);
    }
    const id = idIn(answer, subject);
    if (toCheck) await this.#uncheck(subject);
    return id;
  }

  async #register(subject: string, schema: string): Promise<RegistryAnswer> {
    const answer = await this.#post(subject, schema);
    const named = errorCodeOf(answer) === 42_201 ? withDialect(schema) : undefined;
    return named === undefined ? answer : this.#post(subject, named);
  }

  #post(subject: string, schema: string): Promise<RegistryAnswer> {
    return this.#servers.ask((api, signal) =>
      api.Subject.register({subject, body: {schemaType: 'JSON', schema}, signal}),
    );
  }

  /**
   * Gives the subject the level NONE unless it has another of its own: whoever set that one has meant it. False where
   * it cannot have a level before its first version, as in Apicurio.
   */
  async #uncheck(subject: string): Promise<boolean> {
    const own = await this.#servers.ask((api, signal) => api.Subject.config({subject, signal}));
    // Apicurio says NONE, too, of a subject that has none of its own.
    if (isSuccess(own) && member(own.body, 'compatibilityLevel') !== 'NONE') return true;
    const answer = await this.#setCompatibility(subject, 'NONE');
    if (isNotFound(answer)) return false;
    if (isSuccess(answer)) return true;
    const error = refusal(`subject ${subject}`, answer);
    // Registering needs less; should the level ever refuse a version, that error has the same remedy.
    if (error.code !== 'SCHEMA_REGISTRY_PERMISSION_DENIED') throw error;
    this.#logger.warn(
      {subject, error: error.message},
      'The compatibility of the subject cannot be set to NONE; a change to its table may be refused',
    );
    return true;
  }

  #setCompatibility(subject: string, compatibility: Compatibility): Promise<RegistryAnswer> {
    return this.#servers.ask((api, signal) =>
      api.Subject.updateConfig({subject, body: {compatibility}, signal}),
    );
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

/**
 * The same schema, saying that it is JSON Schema. Apicurio finds that out from the text, and takes `{"type":"string"}`
 * for Avro. Undefined where it says so already.
 */
function withDialect(schema: string): string | undefined {
  return schema.startsWith('{"') && !schema.includes('"$schema"')
    ? `{"$schema":"http://json-schema.org/draft-07/schema#",${schema.slice(1)}`
    : undefined;
}

/** Apicurio answers so to who registers for a subject while another does. */
function isRace({status, body}: RegistryAnswer): boolean {
  return status === 409 && String(member(body, 'message')).includes('already exists');
}

function idIn(answer: RegistryAnswer, subject: string): number {
  const id = member(answer.body, 'id');
  if (!isSuccess(answer) || typeof id !== 'number') throw refusal(`subject ${subject}`, answer);
  return id;
}
