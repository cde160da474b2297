import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {gunzipSync} from 'node:zlib';
import {DuckDBInstance} from '@duckdb/node-api';
import type {DuckDBConnection} from '@duckdb/node-api';
import {Turns} from '../../../src/common/turns.ts';
import {SparkError, sparkError} from './spark-error.ts';
import {
  duckText,
  jsonColumns,
  parenthesized,
  quoted,
  separated,
  sparkText,
  tokens,
} from './spark-sql.ts';
import type {Token} from './spark-sql.ts';

export interface ResultSet {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** What the driver has to do for `GET`, `PUT` and `REMOVE`. */
export interface StagingResult {
  readonly staging: 'GET' | 'PUT' | 'REMOVE';
  readonly path: string;
  readonly localFile?: string;
}

export interface DeltaEngineOptions {
  readonly catalog: string;
  readonly schema: string;
  /** Holds `Volumes/` and scratch files. */
  readonly directory: string;
}

/** On the text of a line: how it begins, and the offsets between which it lies. */
interface LineCondition {
  readonly start: string;
  readonly from: number;
  readonly to: number;
}

/** A statement as it was sent. */
interface SentStatement {
  readonly sql: string;
  /** It commits no sooner than this resolves. */
  readonly released: Promise<void> | undefined;
}

/** A statement that has run and not committed, as seen from outside. */
export interface HeldStatement {
  /** Resolves when it is about to commit. */
  readonly reached: Promise<void>;
  readonly release: () => void;
}

/**
 * What a SQL warehouse does with the statements of the sink, on DuckDB: Delta tables, COPY INTO, MERGE, files of a volume.
 *
 * Imitated from the documentation: COPY INTO skips files that it had loaded when it began; two at once are supported "with
 * distinct sets of input files" only, so that both load a file that they have in common (delta-copy-into); a statement commits only
 * where no other has changed the table's metadata since it began (Delta's MetadataChangedException); MERGE fails where two
 * source rows match one target row (delta-merge-into); names with ` ,;{}()\n\t=` need column mapping. Whatever the sink
 * does not send is refused.
 */
export class DeltaEngine {
  readonly #options: DeltaEngineOptions;
  readonly #instance: DuckDBInstance;
  readonly #metadataVersions = new Map<string, number>();
  readonly #updates = new Map<string, number>();
  readonly #holds: {pattern: RegExp; reached: () => void; released: Promise<void>}[] = [];
  readonly #mapped = new Set<string>();
  /** Commits come one after the other, those of metadata too. */
  readonly #commits = new Turns();
  #files = 0;

  private constructor(options: DeltaEngineOptions, instance: DuckDBInstance) {
    this.#options = options;
    this.#instance = instance;
  }

  static async open(options: DeltaEngineOptions): Promise<DeltaEngine> {
    mkdirSync(join(options.directory, 'Volumes'), {recursive: true});
    const instance = await DuckDBInstance.create(':memory:', {threads: '1'});
    const connection = await instance.connect();
    for (const sql of setUp) await connection.run(sql);
    connection.closeSync();
    return new DeltaEngine(options, instance);
  }

  close(): void {
    this.#instance.closeSync();
  }

  /** Rows of one SELECT in DuckDB's own SQL, for assertions. */
  async query(sql: string): Promise<readonly Record<string, unknown>[]> {
    return this.#using(async (connection) =>
      (await connection.runAndReadAll(sql)).getRowObjectsJson(),
    );
  }

  /** Statements for which the user has no privilege. */
  denied: RegExp | undefined;

  /** The next statement that matches stops when it has run and not committed. */
  holdBeforeCommit(pattern: RegExp): HeldStatement {
    const [reached, reach] = signal();
    const [released, release] = signal();
    this.#holds.push({pattern, reached: reach, released});
    return {reached, release};
  }

  /** Where a path of a volume lies on the disk. */
  volumeFile(path: string): string {
    return join(this.#options.directory, path);
  }

  /** A statement that writes commits no sooner than `released` resolves. @throws SparkError */
  async run(sql: string, released?: Promise<void>): Promise<ResultSet | StagingResult> {
    if (this.denied?.test(sql) === true)
      throw new SparkError(
        '42501',
        'INSUFFICIENT_PERMISSIONS',
        'Insufficient privileges: User does not have the permission.',
      );
    const statement = this.#unqualified(tokens(sql.trim().replace(/;$/, '')));
    const text = sparkText(statement);
    const writes = /^(?:COPY|MERGE)/.test(text);
    try {
      for (const [pattern, run] of this.#statements) {
        const match = pattern.exec(text);
        if (match !== null) return await run(match.slice(1), statement, {sql, released});
      }
    } catch (error) {
      throw sparkError(error, writes);
    }
    throw new SparkError(
      '0A000',
      'UNSUPPORTED',
      `the stand-in does not know this statement: ${sql}`,
    );
  }

  /** In order; names stand in backticks, or are words. */
  readonly #statements: readonly (readonly [
    RegExp,
    (
      match: readonly string[],
      statement: readonly Token[],
      sent: SentStatement,
    ) => Promise<ResultSet | StagingResult>,
  ])[] = [
    [
      /^PUT '(.*)' INTO '(.*)' OVERWRITE$/,
      ([localFile = '', path = '']) => Promise.resolve({staging: 'PUT', path, localFile}),
    ],
    [
      /^GET '(.*)' TO '(.*)'$/,
      ([path = '', localFile = '']) => Promise.resolve({staging: 'GET', path, localFile}),
    ],
    [/^REMOVE '(.*)'$/, ([path = '']) => Promise.resolve({staging: 'REMOVE', path})],
    [/^LIST '(.*)'$/, ([path = '']) => this.#list(path)],
    [/^DESCRIBE TABLE (\S+)$/, ([table = '']) => this.#describe(tableName(table))],
    [
      /^CREATE TABLE (IF NOT EXISTS )?(\S+) \(/,
      ([lenient, table = ''], statement) =>
        this.#create(tableName(table), lenient !== undefined, statement),
    ],
    [
      /^ALTER TABLE (\S+) ADD COLUMNS \(/,
      ([table = ''], statement) => this.#addColumns(tableName(table), statement),
    ],
    [
      /^ALTER TABLE (\S+) SET TBLPROPERTIES \('[\w.]+' = '.*'\)$/,
      ([table = '']) => this.#setProperty(tableName(table)),
    ],
    [
      /^COPY INTO (\S+) FROM \(SELECT /,
      ([table = ''], statement, sent) => this.#copy(tableName(table), statement, sent),
    ],
    [
      /^MERGE INTO (\S+) AS t USING \(/,
      ([table = ''], statement, sent) => this.#merge(tableName(table), statement, sent),
    ],
    [
      /^UPDATE (\S+) SET /,
      ([table = ''], statement, sent) => this.#update(tableName(table), statement, sent),
    ],
    [/^SELECT /, (_, statement) => this.#select(statement)],
    [/^SHOW TABLES IN \S+$/, () => this.#select(tokens('SHOW TABLES'))],
    [/^(?:DROP TABLE IF EXISTS|DELETE FROM) /, (_, statement) => this.#plain(statement)],
  ];

  /** Names of the catalog and schema that there are, left out; others stay, and are not found. */
  #unqualified(some: readonly Token[]): readonly Token[] {
    const {catalog, schema} = this.#options;
    const is = (at: number, name: string): boolean =>
      some[at]?.text === name && some[at + 1]?.text === '.' && some[at]?.kind !== 'string';
    const left: Token[] = [];
    for (let at = 0; at < some.length; at++) {
      if (is(at, catalog) && is(at + 2, schema)) at += 4;
      else if (is(at, schema)) at += 2;
      left.push(some[at] as Token);
    }
    return left;
  }

  async #list(path: string): Promise<ResultSet> {
    const directory = this.volumeFile(path);
    // A volume is there before its first file.
    if (/^(?:\/[^/]+){4}$/.test(path)) mkdirSync(directory, {recursive: true});
    if (!existsSync(directory))
      throw new SparkError('42K03', 'PATH_NOT_FOUND', `Path does not exist: ${path}.`);
    const rows = readdirSync(directory).map((name) => [
      `${path}/${name}`,
      name,
      String(statSync(join(directory, name)).size),
    ]);
    return {columns: ['path', 'name', 'size'], rows};
  }

  async #describe(table: string): Promise<ResultSet> {
    const rows = await this.#using(async (connection) => {
      const found = await connection.runAndReadAll(
        `SELECT column_name, data_type FROM duckdb_columns() WHERE lower(table_name) = lower('${table.replaceAll("'", "''")}') ORDER BY column_index`,
      );
      return found
        .getRows()
        .map(([name, type]) => [
          String(name),
          sparkTypes[String(type)] ?? String(type).toLowerCase(),
          null,
        ]);
    });
    if (rows.length === 0) throw notFound(table);
    return {columns: ['col_name', 'data_type', 'comment'], rows};
  }

  async #create(table: string, lenient: boolean, statement: readonly Token[]): Promise<ResultSet> {
    const {inner, close} = parenthesized(
      statement,
      statement.findIndex(({text}) => text === '('),
    );
    const rest = sparkText(statement.slice(close + 1));
    if (
      !/^ USING DELTA( PARTITIONED BY \([\w, ]+\))?( TBLPROPERTIES \('delta\.columnMapping\.mode' = 'name'\))?$/.test(
        rest,
      )
    )
      throw new SparkError('42601', 'PARSE_SYNTAX_ERROR', `near ${rest}`);
    const isMapped = rest.includes('columnMapping');
    this.#checkNames(inner, isMapped);
    await this.#using((connection) =>
      connection.run(
        `CREATE TABLE ${lenient ? 'IF NOT EXISTS ' : ''}${quoted(table)} (${duckText(inner, true)})`,
      ),
    );
    if (isMapped) this.#mapped.add(table.toLowerCase());
    return none;
  }

  async #addColumns(table: string, statement: readonly Token[]): Promise<ResultSet> {
    const {inner} = parenthesized(
      statement,
      statement.findIndex(({text}) => text === '('),
    );
    this.#checkNames(inner, this.#mapped.has(table.toLowerCase()));
    await this.#transaction(table, undefined, async (connection) => {
      for (const column of separated(inner)) {
        const existing = await connection.runAndReadAll(
          `SELECT 1 FROM duckdb_columns() WHERE lower(table_name) = lower('${table}') AND lower(column_name) = lower('${(column[0]?.text ?? '').replaceAll("'", "''")}')`,
        );
        if (existing.currentRowCount > 0)
          throw new SparkError(
            '42711',
            'FIELD_ALREADY_EXISTS',
            `Cannot add column ${column[0]?.text}, because it already exists.`,
          );
        await connection.run(`ALTER TABLE ${quoted(table)} ADD COLUMN ${duckText(column, true)}`);
      }
      this.#changeMetadata(table);
    });
    return none;
  }

  async #setProperty(table: string): Promise<ResultSet> {
    await this.#describe(table);
    await this.#commits.run(async () => this.#changeMetadata(table));
    return none;
  }

  async #copy(table: string, statement: readonly Token[], sent: SentStatement): Promise<ResultSet> {
    const {inner, close} = parenthesized(
      statement,
      statement.findIndex(({text}) => text === '('),
    );
    const rest = /^ FILEFORMAT = TEXT FILES = \('([^']+)'\)$/.exec(
      sparkText(statement.slice(close + 1)),
    );
    const from = inner.findLastIndex(({text}) => text === 'FROM');
    const directory = inner[from + 2]?.text ?? '';
    const file = rest?.[1];
    if (file === undefined) throw new SparkError('42601', 'PARSE_SYNTAX_ERROR', sent.sql);
    const path = `${directory}/${file}`;
    const inserted = await this.#transaction(table, sent, async (connection) => {
      const seen = await connection.runAndReadAll(
        `SELECT 1 FROM delta_log.loaded_files WHERE tbl = '${table}' AND path = '${path}'`,
      );
      if (seen.currentRowCount > 0) return 0;
      const {expressions, source} = this.#jsonSource(inner.slice(1, from), path);
      const targets = separated(inner.slice(2, from)).map((expression) =>
        quoted(expression.at(-1)?.text ?? ''),
      );
      const result = await connection.run(
        `INSERT INTO ${quoted(table)} (${targets.join(', ')}) SELECT ${duckText(expressions)} FROM ${source}`,
      );
      await connection.run(`INSERT INTO delta_log.loaded_files VALUES ('${table}', '${path}')`);
      return result.rowsChanged;
    });
    return counts({
      num_affected_rows: inserted,
      num_inserted_rows: inserted,
      num_skipped_corrupt_files: 0,
    });
  }

  async #merge(
    table: string,
    statement: readonly Token[],
    sent: SentStatement,
  ): Promise<ResultSet> {
    const {inner, close} = parenthesized(
      statement,
      statement.findIndex(({text}) => text === '('),
    );
    const rest = duckText(statement.slice(close + 1));
    const on = / AS s ON (.*?) WHEN /.exec(rest)?.[1];
    if (on === undefined) throw new SparkError('42601', 'PARSE_SYNTAX_ERROR', sent.sql);
    const changed = await this.#transaction(table, sent, async (connection) => {
      await connection.run(`CREATE TEMP TABLE merge_source AS ${this.#withFiles(inner)}`);
      const twice = await connection.runAndReadAll(
        `SELECT 1 FROM ${quoted(table)} t JOIN merge_source s ON ${on} GROUP BY t.rowid HAVING count(*) > 1 LIMIT 1`,
      );
      if (twice.currentRowCount > 0)
        throw new SparkError(
          '21506',
          'DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE',
          'Cannot perform Merge as multiple source rows matched.',
        );
      const {rowsChanged} = await connection.run(
        `MERGE INTO ${quoted(table)} AS t USING merge_source${rest}`,
      );
      await connection.run('DROP TABLE merge_source');
      return rowsChanged;
    });
    return counts({num_affected_rows: changed});
  }

  async #update(
    table: string,
    statement: readonly Token[],
    sent: SentStatement,
  ): Promise<ResultSet> {
    const changed = await this.#transaction(table, sent, async (connection) => {
      await connection.runAndReadAll(`SELECT 1 FROM ${quoted(table)} LIMIT 1`);
      return (await connection.run(duckText(statement))).rowsChanged;
    });
    return counts({num_affected_rows: changed});
  }

  async #select(statement: readonly Token[]): Promise<ResultSet> {
    return this.#using(async (connection) => {
      const result = await connection.runAndReadAll(this.#withFiles(statement));
      const rows = result
        .getRowsJson()
        .map((row) =>
          row.map((value) =>
            value === null ? null : typeof value === 'string' ? value : JSON.stringify(value),
          ),
        );
      return {columns: result.columnNames(), rows};
    });
  }

  async #plain(statement: readonly Token[]): Promise<ResultSet> {
    await this.#using((connection) => connection.run(duckText(statement)));
    return none;
  }

  /** `(SELECT from_json(…) AS r FROM text.`path` WHERE …)` → the lines that the condition leaves, as structs. */
  #withFiles(statement: readonly Token[]): string {
    const from = statement.findIndex(
      ({text}, at) =>
        text === 'text' && statement[at + 1]?.text === '.' && statement[at + 2]?.kind === 'name',
    );
    if (from < 0) return duckText(statement);
    const path = statement[from + 2]?.text ?? '';
    const open = statement
      .slice(0, from)
      .findLastIndex(({text}, at) => text === '(' && statement[at + 1]?.text === 'SELECT');
    const {inner, close} = parenthesized(statement, open);
    const range = /WHERE startswith\(value, '([^']+)'\) AND .* BETWEEN (\d+) AND (\d+)$/.exec(
      sparkText(inner),
    );
    const {source} = this.#jsonSource(
      inner,
      path,
      range === null
        ? undefined
        : {start: range[1] ?? '', from: Number(range[2]), to: Number(range[3])},
    );
    return `${duckText(statement.slice(0, open))}${source}${duckText(statement.slice(close + 1))}`;
  }

  /** Replaces each `from_json` by `r`, the struct that the lines of the file become. */
  #jsonSource(
    some: readonly Token[],
    path: string,
    condition?: LineCondition,
  ): {expressions: readonly Token[]; source: string} {
    const expressions: Token[] = [];
    let schema = '';
    let mark = '';
    for (let at = 0; at < some.length; at++) {
      if (some[at]?.text !== 'from_json') {
        expressions.push(some[at] as Token);
        continue;
      }
      const {inner, close} = parenthesized(some, at + 1);
      const [value = [], columns = [], options = []] = separated(inner);
      const stripped = /^substring\(value, if\(startswith\(value, '(.+)'\), (\d+), 1\)\)$/.exec(
        sparkText(value),
      );
      mark = stripped?.[1] ?? '';
      if (
        Number(stripped?.[2]) !== mark.length + 1 ||
        sparkText(options) !== "map('mode', 'FAILFAST')"
      )
        throw new SparkError('42601', 'PARSE_SYNTAX_ERROR', sparkText(inner));
      schema = columns[0]?.text ?? '';
      expressions.push({kind: 'word', text: 'r'});
      at = close;
    }
    const types = [...jsonColumns(schema)];
    const wire = types.map(([name, type]) => `${quoted(name)}: '${type.replaceAll("'", "''")}'`);
    const fields = types.map(([name]) => `${quoted(name)} := ${quoted(name)}`);
    return {
      expressions,
      source: `(SELECT struct_pack(${fields.join(', ')}) AS r FROM read_json('${this.#lines(path, mark, condition)}', format = 'newline_delimited', maximum_object_size = 67108864, columns = {${wire.join(', ')}}))`,
    };
  }

  /** The file's lines without their mark, those that meet the condition only, in a file of their own. */
  #lines(path: string, mark: string, condition?: LineCondition): string {
    const file = this.volumeFile(path);
    if (!existsSync(file))
      throw new SparkError('42K03', 'PATH_NOT_FOUND', `Path does not exist: ${path}.`);
    const text = gunzipSync(readFileSync(file)).toString();
    const lines = text.split('\n').filter((line) => {
      if (line === '' || condition === undefined) return line !== '';
      const offset = Number(/"_offset":([0-9]+)/.exec(line)?.[1]);
      return line.startsWith(condition.start) && offset >= condition.from && offset <= condition.to;
    });
    const scratch = join(this.#options.directory, `scratch-${this.#files++ % 64}.json`);
    const stripped = lines.map((line) => (line.startsWith(mark) ? line.slice(mark.length) : line));
    writeFileSync(scratch, stripped.map((line) => `${line}\n`).join(''));
    return scratch;
  }

  #checkNames(columns: readonly Token[], isMapped: boolean): void {
    const name = separated(columns)
      .map(([first]) => first?.text ?? '')
      .find((text) => /[ ,;{}()\n\t=]/.test(text));
    if (name !== undefined && !isMapped)
      throw new SparkError(
        '42K05',
        'DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES',
        `Found invalid character(s) in the column name "${name}".`,
      );
  }

  #changeMetadata(table: string): void {
    this.#metadataVersions.set(table.toLowerCase(), this.#metadataVersion(table) + 1);
  }

  #metadataVersion(table: string): number {
    return this.#metadataVersions.get(table.toLowerCase()) ?? 0;
  }

  /** One statement is one commit. */
  async #transaction<T>(
    table: string,
    sent: SentStatement | undefined,
    work: (connection: DuckDBConnection) => Promise<T>,
  ): Promise<T> {
    return this.#using(async (connection) => {
      const version = this.#metadataVersion(table);
      await connection.run('BEGIN');
      try {
        let result = await work(connection);
        const released = sent && this.#whenReleased(sent);
        if (released !== undefined) {
          // DuckDB would have others wait for it; Delta lets the first one commit.
          const isUpdate = sent?.sql.startsWith('UPDATE') === true;
          const updates = this.#updates.get(table);
          if (isUpdate) await connection.run('ROLLBACK');
          await released;
          if (isUpdate && this.#updates.get(table) !== updates)
            throw new SparkError(
              '2D521',
              'DELTA_CONCURRENT_DELETE_READ',
              'A concurrent transaction has changed rows that this one has read.',
            );
          if (isUpdate) {
            await connection.run('BEGIN');
            result = await work(connection);
          }
        }
        await this.#commits.run(async () => {
          if (sent !== undefined && this.#metadataVersion(table) !== version)
            throw new SparkError(
              '2D521',
              'DELTA_METADATA_CHANGED',
              'The metadata of the Delta table has been changed by a concurrent update.',
            );
          await connection.run('COMMIT');
        });
        if (sent?.sql.startsWith('UPDATE') === true)
          this.#updates.set(table, (this.#updates.get(table) ?? 0) + 1);
        return result;
      } catch (error) {
        await connection.run('ROLLBACK').catch(() => undefined);
        throw error;
      }
    });
  }

  /** Undefined where the statement may commit at once. */
  #whenReleased({sql, released}: SentStatement): Promise<void> | undefined {
    const held = this.#holds.findIndex(({pattern}) => pattern.test(sql));
    const [hold] = held < 0 ? [] : this.#holds.splice(held, 1);
    hold?.reached();
    return hold?.released ?? released;
  }

  async #using<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = await this.#instance.connect();
    try {
      return await work(connection);
    } finally {
      connection.closeSync();
    }
  }

  /** Of a volume; undefined where there is none. */
  readFile(path: string): Buffer | undefined {
    const file = this.volumeFile(path);
    return existsSync(file) ? readFileSync(file) : undefined;
  }

  /** Takes a file of a volume away, or brings it. */
  storeFile(path: string, content: Buffer | undefined): boolean {
    const file = this.volumeFile(path);
    const existed = existsSync(file);
    if (content === undefined) rmSync(file, {force: true});
    else {
      mkdirSync(join(file, '..'), {recursive: true});
      writeFileSync(file, content);
    }
    return existed;
  }
}

/** A promise, and what resolves it. */
function signal(): readonly [Promise<void>, () => void] {
  let resolve: (() => void) | undefined;
  const promise = new Promise<void>((resolved) => (resolve = resolved));
  return [promise, () => resolve?.()];
}

/** Functions of Databricks that DuckDB has under another name, or not at all. */
const setUp = [
  `SET TimeZone = 'UTC'`,
  'CREATE SCHEMA delta_log',
  'CREATE TABLE delta_log.loaded_files (tbl VARCHAR, path VARCHAR)',
  `CREATE MACRO to_binary(x, f) AS from_base64(x)`,
  `CREATE MACRO conv(x, f, t) AS CAST(CAST('0x' || x AS BIGINT) AS VARCHAR)`,
  `CREATE MACRO date_from_unix_date(x) AS (DATE '1970-01-01' + CAST(x AS INTEGER))`,
  `CREATE MACRO unix_millis(x) AS epoch_ms(x)`,
  `CREATE MACRO timestamp_micros(x) AS make_timestamptz(x)`,
];

const sparkTypes: Readonly<Record<string, string>> = {
  VARCHAR: 'string',
  BLOB: 'binary',
  INTEGER: 'int',
  FLOAT: 'float',
  'TIMESTAMP WITH TIME ZONE': 'timestamp',
};

const none: ResultSet = {columns: [], rows: []};

function counts(values: Readonly<Record<string, number>>): ResultSet {
  return {columns: Object.keys(values), rows: [Object.values(values).map(String)]};
}

function tableName(text: string): string {
  return text.startsWith('`') ? text.slice(1, -1).replaceAll('``', '`') : text;
}

function notFound(table: string): SparkError {
  return new SparkError(
    '42P01',
    'TABLE_OR_VIEW_NOT_FOUND',
    `The table or view ${table} cannot be found.`,
  );
}
