import type {Client} from 'pg';
import type {ServerNotice} from '../connection/errors.ts';
import type {Clock} from '../../../common/clock.ts';
import type {Relation, SourceEvent} from '../../replication-source.ts';
import type {TableFilter} from '../../table-filter.ts';
import {readTable, readTypes} from '../catalog/column-catalog.ts';
import type {CatalogTable} from '../catalog/column-catalog.ts';
import {untilVisible} from '../catalog/until-visible.ts';
import {connect, disconnect} from '../connection/connection.ts';
import type {PostgresAddress} from '../connection/connection.ts';
import {EventBuffer} from './event-buffer.ts';
import {ReplicationClient} from './replication-client.ts';
import type {ReplicationStart} from './replication-client.ts';
import {relationOfMessage} from '../catalog/relations.ts';
import type {Relations} from '../catalog/relations.ts';
import type {RelationMessage} from './pgoutput.ts';
import type {TransactionReader} from './transaction-reader.ts';

export interface StreamSessionDeps {
  readonly clock: Clock;
  readonly relations: Relations;
  readonly filter: TableFilter;
  readonly onStart: () => void;
  /** A captured table that the server has described, as the catalog has it now. */
  readonly onTable: (table: CatalogTable) => void;
  /** What makes a warning of the server the end of the stream. */
  readonly onNotice: (notice: ServerNotice) => Error | undefined;
}

/** The catalog may be newer than the change: a label is not there before a row has it. */
type EnumLabelsAsOf = 'known labels' | 'labels of now';

/**
 * How much of the WAL stream may wait for the consumer before the socket is held.
 *
 * Two batches' worth. What waits longer survives V8's young generation: with a megabyte a million changes took 8.0
 * CPU-seconds in place of 6.1, and 35 MB more (bench/cdc.bench.ts).
 */
const bufferBytes = 1 << 17;

/** One connection's streaming: from the socket through `reader` to the consumer, with the catalog beside it. */
export class StreamSession {
  readonly #address: PostgresAddress;
  readonly #deps: StreamSessionDeps;
  readonly #reader: TransactionReader;
  readonly #client: ReplicationClient;
  readonly #buffer: EventBuffer;
  /** For the catalog; the walsender is busy. Connects at the first relation. */
  #catalog: Promise<Client> | undefined;
  /** The last transaction that the catalog was seen to have. */
  #visibleXid: number | undefined;

  constructor(
    walsender: Client,
    address: PostgresAddress,
    start: ReplicationStart,
    reader: TransactionReader,
    deps: StreamSessionDeps,
  ) {
    this.#address = address;
    this.#deps = deps;
    this.#reader = reader;
    this.#buffer = new EventBuffer(
      bufferBytes,
      () => this.#client.hold('consumer'),
      () => this.#client.release('consumer'),
    );
    walsender.on('notice', ({code = '', message = ''}) => {
      const error = deps.onNotice({code, message});
      if (error !== undefined) this.#fail(error);
    });
    reader.connected({
      push: (event, bytes) => this.#buffer.push(event, bytes),
      onRelation: (message) => this.#onRelation(message),
      onNewLabel: (message) => void this.#describe(message, 'labels of now'),
    });
    this.#client = new ReplicationClient(walsender, start, deps.clock, {
      onStart: deps.onStart,
      onMessage: (buffer, from, to, walStart) => reader.read(buffer, from, to, walStart),
      onKeepalive: (walEnd) => reader.keepalive(walEnd),
      onChunk: () => this.#buffer.flush(),
      onEnd: (error) => this.#buffer.end(error),
    });
  }

  /** WAL position of the server's last message. */
  get received(): bigint {
    return this.#client.received;
  }

  /** The next events, as many as there are; undefined once `stop` was called. */
  take(): Promise<readonly SourceEvent[] | undefined> {
    return this.#buffer.take();
  }

  confirm(lsn: bigint): void {
    this.#client.confirm(lsn);
  }

  /** Ends `take`. */
  stop(): void {
    this.#buffer.end(undefined);
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#catalog?.then(disconnect, () => undefined);
  }

  #onRelation(message: RelationMessage): void {
    if (!this.#deps.filter.includesTable(message.schema, message.table))
      return this.#reader.define(message, undefined);
    void this.#describe(message, 'known labels');
  }

  async #describe(message: RelationMessage, labels: EnumLabelsAsOf): Promise<void> {
    // The next message may be a row of it.
    this.#client.hold('catalog');
    try {
      this.#reader.define(message, await this.#lookUp(message, labels));
      this.#client.release('catalog');
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** Reads no more, so that the consumer gets to the error; what the reader has handed out, it still gets. */
  #fail(error: Error): void {
    this.#client.hold('error');
    this.#buffer.end(error);
  }

  async #lookUp(message: RelationMessage, labels: EnumLabelsAsOf): Promise<Relation> {
    const {xid} = this.#reader;
    this.#catalog ??= connect(this.#address, 'query');
    const catalog = await this.#catalog;
    if (xid !== undefined && xid !== this.#visibleXid) {
      await untilVisible(catalog, xid, this.#deps.clock);
      this.#visibleXid = xid;
    }
    const table = await readTable(catalog, message.oid);
    if (table !== undefined) this.#deps.onTable(table);
    const types = await readTypes(
      catalog,
      message.columns.map(({typeOid}) => typeOid),
    );
    const {relations} = this.#deps;
    const asOf = labels === 'known labels' ? relations.withKnownLabels(types) : types;
    return relations.intern(relationOfMessage(message, table, asOf));
  }
}
