import {FatalError, TaskError} from '../../src/common/errors.ts';
import type {ColumnKind, TableColumn} from '../../src/sinks/table-definition.ts';
import {RejectedRowError} from '../../src/sinks/warehouse-sink.ts';
import type {
  SinkBatch,
  SinkPartition,
  SinkRow,
  SinkSource,
  WarehouseSink,
} from '../../src/sinks/warehouse-sink.ts';

export type MemoryRow = Readonly<Record<string, unknown>>;

interface Watermark {
  readonly topicId: string;
  nextOffset: number | undefined;
  epoch: number;
}

interface MemoryTable {
  /** Column kinds by name. */
  readonly columns: Map<string, ColumnKind>;
  rows: MemoryRow[];
}

/** What outlives every sink: tables and watermarks. */
export class MemoryWarehouse {
  readonly tables = new Map<string, MemoryTable>();
  readonly watermarks = new Map<string, Watermark>();

  /** Rows in offset order with all columns of the table, `_offset`, and in upsert mode `_key`. */
  rows(table: string): readonly MemoryRow[] {
    const {columns, rows} = this.tables.get(table) ?? {columns: new Map(), rows: []};
    const empty = Object.fromEntries([...columns.keys()].map((name) => [name, null]));
    return rows
      .map((row) => ({...empty, ...row}))
      .toSorted((a, b) => Number(a['_offset']) - Number(b['_offset']));
  }
}

/** Where a memory sink can fail or die; each is called once per write and may throw. */
export interface SinkFaults {
  beforeOpen?: (() => void) | undefined;
  beforeWrite?: ((batch: SinkBatch) => void | Promise<void>) | undefined;
  /** The batch is committed, and the caller never learns of it. */
  afterWrite?: ((batch: SinkBatch) => void | Promise<void>) | undefined;
}

/** A sink into a {@link MemoryWarehouse} that keeps the whole contract of the port. */
export class MemorySink implements WarehouseSink {
  readonly #warehouse: MemoryWarehouse;
  readonly #faults: SinkFaults;

  constructor(warehouse: MemoryWarehouse, faults: SinkFaults = {}) {
    this.#warehouse = warehouse;
    this.#faults = faults;
  }

  async open(source: SinkSource): Promise<SinkPartition> {
    this.#faults.beforeOpen?.();
    const {sink, topic, topicId, partition} = source;
    const columns = ensureTable(this.#warehouse, source);
    const key = `${sink}/${topic}/${partition}`;
    const watermark = this.#warehouse.watermarks.get(key) ?? {
      topicId,
      nextOffset: undefined,
      epoch: 0,
    };
    if (watermark.topicId !== topicId) {
      throw new FatalError('SINK_OFFSET_MISMATCH', `sink ${sink}: ${topic} was created again`);
    }
    watermark.epoch++;
    this.#warehouse.watermarks.set(key, watermark);
    return new MemoryPartition(this.#warehouse, this.#faults, source, columns, watermark);
  }

  async close(): Promise<void> {}
}

class MemoryPartition implements SinkPartition {
  readonly nextOffset: number | undefined;
  readonly #warehouse: MemoryWarehouse;
  readonly #faults: SinkFaults;
  readonly #source: SinkSource;
  readonly #columns: readonly TableColumn[];
  readonly #watermark: Watermark;
  readonly #epoch: number;

  constructor(
    warehouse: MemoryWarehouse,
    faults: SinkFaults,
    source: SinkSource,
    columns: readonly TableColumn[],
    watermark: Watermark,
  ) {
    this.#warehouse = warehouse;
    this.#faults = faults;
    this.#source = source;
    this.#columns = columns;
    this.#watermark = watermark;
    this.#epoch = watermark.epoch;
    this.nextOffset = watermark.nextOffset;
  }

  async write(batch: SinkBatch): Promise<void> {
    await this.#faults.beforeWrite?.(batch);
    const {sink, topic, partition, insertMode, table} = this.#source;
    const where = `sink ${sink}, ${topic}-${partition}`;
    if (this.#watermark.epoch !== this.#epoch) {
      throw new TaskError('SINK_FENCED', `${where}: another writer has taken it over`);
    }
    if ((this.#watermark.nextOffset ?? batch.startOffset) !== batch.startOffset) {
      throw new TaskError('SINK_OFFSET_MISMATCH', `${where}: not at ${batch.startOffset}`);
    }
    const stored = this.#warehouse.tables.get(table.name) as MemoryTable;
    let rows = [...stored.rows];
    const newest = new Map(batch.rows.map((row) => [row.key, row]));
    for (const row of insertMode === 'append' ? batch.rows : newest.values()) {
      if (insertMode === 'upsert') rows = rows.filter(({_key}) => _key !== row.key);
      if (row.value !== null) rows.push(this.#row(row, row.value));
    }
    stored.rows = rows;
    this.#watermark.nextOffset = batch.nextOffset;
    await this.#faults.afterWrite?.(batch);
  }

  async close(): Promise<void> {}

  #row({offset, key}: SinkRow, bytes: Buffer): MemoryRow {
    const value = parseObject(offset, bytes);
    const {partition, insertMode} = this.#source;
    const row: Record<string, unknown> = {};
    for (const {name, type, from} of this.#columns) {
      const cell =
        from === 'value'
          ? value[name]
          : from === 'partition'
            ? partition
            : keyCell(key, from, name);
      if (!fits(type.kind, cell)) {
        throw new RejectedRowError(offset, `${name} is ${JSON.stringify(cell)}`);
      }
      row[name] = cell ?? null;
    }
    return {...row, _offset: offset, ...(insertMode === 'upsert' ? {_key: key} : {})};
  }
}

function ensureTable(warehouse: MemoryWarehouse, source: SinkSource): readonly TableColumn[] {
  const {table, sink, autoCreate, autoEvolve} = source;
  const mismatch = (reason: string): FatalError =>
    new FatalError('SINK_TABLE_MISMATCH', `sink ${sink}, table ${table.name}: ${reason}`);
  const existing = warehouse.tables.get(table.name);
  if (existing === undefined) {
    if (!autoCreate) throw mismatch('it does not exist');
    const columns = new Map(table.columns.map(({name, type}) => [name, type.kind]));
    warehouse.tables.set(table.name, {columns, rows: []});
    return table.columns;
  }
  const missing = table.columns.filter(({name}) => !existing.columns.has(name));
  if (missing.length > 0 && autoEvolve === 'fail') throw mismatch('a column is missing');
  for (const {name, type} of table.columns) {
    const kind = existing.columns.get(name);
    if (kind !== undefined && kind !== type.kind) throw mismatch(`${name} is ${kind}`);
  }
  if (autoEvolve === 'ignore') return table.columns.filter((column) => !missing.includes(column));
  for (const {name, type} of missing) existing.columns.set(name, type.kind);
  return table.columns;
}

function keyCell(key: string | null, from: 'key' | 'key-field', name: string): unknown {
  if (from === 'key' || key === null) return key;
  return (JSON.parse(key) as Record<string, unknown>)[name];
}

function parseObject(offset: number, bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // No object either.
  }
  throw new RejectedRowError(offset, 'its value is not a JSON object');
}

function fits(kind: ColumnKind, cell: unknown): boolean {
  if (cell === null || cell === undefined) return true;
  if (kind === 'INTEGER' || kind === 'BIGINT') return Number.isInteger(cell);
  return kind === 'NESTED' || typeof cell !== 'number';
}
