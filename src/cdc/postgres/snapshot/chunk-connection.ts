import type {Client} from 'pg';
import type {ChunkRequest, ChunkSource, SnapshotChunk} from '../../chunk-source.ts';
import {readChunk, tablesWithoutKey} from './chunk-reader.ts';
import type {ChunkOutcome} from './chunk-reader.ts';
import {connect, terminate} from '../connection/connection.ts';
import {postgresError} from '../connection/errors.ts';
import type {ErrorContext} from '../connection/errors.ts';
import type {Relations} from '../catalog/relations.ts';
import type {SnapshotOptions} from './open-snapshot.ts';

/** The connection that incremental snapshots read on: made for the first chunk, and again after an error. */
export class ChunkConnection implements Pick<ChunkSource, 'readChunk' | 'withoutKey'> {
  readonly #context: ErrorContext;
  readonly #relations: Relations;
  readonly #selectOverrides: Readonly<Record<string, string>>;
  #client: Client | undefined;

  constructor(
    context: ErrorContext,
    relations: Relations,
    {selectOverrides = {}}: Pick<SnapshotOptions, 'selectOverrides'>,
  ) {
    this.#context = context;
    this.#relations = relations;
    this.#selectOverrides = selectOverrides;
  }

  withoutKey(tables: readonly string[]): Promise<readonly string[]> {
    return this.#with((client) => tablesWithoutKey(client, tables));
  }

  readChunk(
    request: ChunkRequest,
    accept: (chunk: SnapshotChunk) => boolean,
  ): Promise<ChunkOutcome> {
    const {table, isInitial} = request;
    const select = isInitial ? this.#selectOverrides[table] : undefined;
    const query = {...request, select};
    return this.#with((client) => readChunk(client, query, this.#relations, accept));
  }

  close(): void {
    if (this.#client !== undefined) terminate(this.#client);
    this.#client = undefined;
  }

  async #with<T>(work: (client: Client) => Promise<T>): Promise<T> {
    try {
      this.#client ??= await connect(this.#context, 'query');
      return await work(this.#client);
    } catch (error) {
      this.close();
      throw postgresError(error, this.#context);
    }
  }
}
