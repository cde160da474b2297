import {existsSync, mkdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import type {DuckDBConnection} from '@duckdb/node-api';
import {Turns} from '../../../src/common/turns.ts';
import {SnowflakeFailure, snowflakeFailure} from './snowflake-failure.ts';
import {countReply, statementTypes, statusReply, textReply} from './statement-reply.ts';
import type {StatementReply} from './statement-reply.ts';
import type {TableLocks} from './table-locks.ts';
import {columnType, describedType, translate} from './translate.ts';

/** What the sessions of one stand-in share. */
export interface SharedState {
  readonly locks: TableLocks;
  readonly sessions: Map<number, SnowflakeSession>;
  /** Where stages keep their files. */
  readonly directory: string;
  /** Of all sessions: DuckDB refuses what runs beside a change of the same table, Snowflake lets it wait. */
  readonly turns: Turns;
  /** How PUT is answered for a folder: see `SnowflakeServer`. */
  readonly stageInfo: (folder: string, file: string) => Readonly<Record<string, unknown>>;
  /** Commits so far, in any session. */
  commits: number;
  nextTransaction: number;
}

interface Statement {
  readonly sql: string;
  readonly binds: readonly (string | null)[];
}

interface Transaction {
  readonly id: string;
  readonly name: string;
  readonly startedAt: string;
  /** What it has done so far. */
  readonly log: Statement[];
  /** The commit that DuckDB's snapshot was taken after; undefined before its first statement. */
  snapshot: number | undefined;
  /** After a statement has failed only ROLLBACK is left (TRANSACTION_ABORT_ON_ERROR). */
  aborted: boolean;
}

const name = String.raw`"((?:[^"]|"")+)"`;

/**
 * One session: its parameters, its transaction, its temporary tables.
 *
 * It takes the statements that the sink sends and no others, so that what the sink sends anew is looked at here too.
 */
export class SnowflakeSession {
  readonly id: number;
  readonly user: string;
  readonly parameters = new Map<string, string>();
  readonly #duck: DuckDBConnection;
  readonly #shared: SharedState;
  #transaction: Transaction | undefined;
  readonly #statements = new Turns();
  #closed = false;

  constructor(id: number, user: string, duck: DuckDBConnection, shared: SharedState) {
    this.id = id;
    this.user = user;
    this.#duck = duck;
    this.#shared = shared;
  }

  get transaction():
    {readonly id: string; readonly name: string; readonly startedAt: string} | undefined {
    return this.#transaction;
  }

  execute(sql: string, binds: readonly (string | null)[]): Promise<StatementReply> {
    return this.#statements.run(() => this.#execute({sql, binds}));
  }

  /** As of a logout: what is open is rolled back. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#shared.sessions.delete(this.id);
    await this.abort();
    this.#duck.closeSync();
  }

  /** Rolls back from outside, once the statement that is running has ended. */
  async abort(): Promise<void> {
    await this.#statements.run(() => this.#rollback());
  }

  async #execute(statement: Statement): Promise<StatementReply> {
    if (this.#closed) throw sessionGone();
    const transaction = this.#transaction;
    if (transaction?.aborted === true && !/^(ROLLBACK|COMMIT)$/.test(statement.sql))
      throw new SnowflakeFailure(
        '090235',
        '25000',
        'The transaction is aborted; only ROLLBACK is left.',
      );
    try {
      return await this.#dispatch(statement);
    } catch (error) {
      if (transaction !== undefined && transaction === this.#transaction) {
        if (this.parameters.get('TRANSACTION_ABORT_ON_ERROR') === 'TRUE')
          transaction.aborted = true;
        // DuckDB would take nothing more; what was done before the statement counts.
        else transaction.snapshot = -1;
      }
      throw snowflakeFailure(error);
    }
  }

  async #dispatch(statement: Statement): Promise<StatementReply> {
    const {sql} = statement;
    let match: RegExpExecArray | null;
    if ((match = /^BEGIN TRANSACTION NAME (\w+)$/.exec(sql)))
      return this.#begin(match[1] as string);
    if (sql === 'COMMIT') return this.#commit();
    if (sql === 'ROLLBACK') return this.#rollback();
    if ((match = /^ALTER SESSION SET (.+)$/.exec(sql))) return this.#set(match[1] as string);
    if (sql === 'SHOW TRANSACTIONS') return this.#showTransactions();
    if ((match = /^SELECT SYSTEM\$ABORT_TRANSACTION\((\d+)\)$/.exec(sql)))
      return this.#abortTransaction(match[1] as string);
    if ((match = new RegExp(`^DESCRIBE TABLE ${name}$`).exec(sql)))
      return this.#describe(unquoted(match[1] as string));
    if (/^(CREATE|ALTER|DROP) /.test(sql)) return this.#ddl(sql);
    if ((match = /^PUT '((?:[^'\\]|''|\\.)*)' @(\S+) (.*)$/.exec(sql)))
      return this.#put(match[1] as string, match[2] as string);
    if ((match = /^REMOVE @(\S+)$/.exec(sql))) return this.#remove(match[1] as string);
    if (/^(INSERT INTO|MERGE INTO|UPDATE|DELETE FROM|COPY INTO) /.test(sql))
      return this.#change(statement);
    if (sql.startsWith('SELECT ')) return this.#select(statement);
    throw new SnowflakeFailure(
      '001003',
      '42601',
      `SQL compilation error: the stand-in does not know this statement: ${sql.slice(0, 100)}`,
    );
  }

  #begin(transactionName: string): StatementReply {
    // "If a transaction is already active, any BEGIN TRANSACTION statements are ignored."
    this.#transaction ??= {
      id: String(this.#shared.nextTransaction++),
      name: transactionName,
      startedAt: new Date().toISOString(),
      log: [],
      snapshot: undefined,
      aborted: false,
    };
    return statusReply('Statement executed successfully.');
  }

  async #commit(): Promise<StatementReply> {
    const transaction = this.#transaction;
    if (transaction?.aborted === true) {
      await this.#rollback();
      throw new SnowflakeFailure(
        '090235',
        '25000',
        'The transaction was aborted and is rolled back.',
      );
    }
    if (transaction !== undefined) {
      await this.#shared.turns.run(async () => {
        await this.#refresh(transaction);
        await this.#duck.run('COMMIT');
        this.#shared.commits++;
      });
      this.#end(transaction);
    }
    return statusReply('Statement executed successfully.');
  }

  async #rollback(): Promise<StatementReply> {
    const transaction = this.#transaction;
    if (transaction !== undefined) {
      if (transaction.snapshot !== undefined)
        await this.#duck.run('ROLLBACK').catch(() => undefined);
      this.#end(transaction);
    }
    return statusReply('Statement executed successfully.');
  }

  #end(transaction: Transaction): void {
    this.#transaction = undefined;
    this.#shared.locks.release(transaction);
  }

  /**
   * Statements read what was committed before they began (READ COMMITTED), while DuckDB's transactions read what was
   * committed before they did. So after other commits the transaction is begun again, and all of it done again.
   */
  async #refresh(transaction: Transaction): Promise<void> {
    if (transaction.snapshot === this.#shared.commits) return;
    if (transaction.snapshot !== undefined) await this.#duck.run('ROLLBACK').catch(() => undefined);
    await this.#duck.run('BEGIN TRANSACTION');
    transaction.snapshot = this.#shared.commits;
    for (const statement of transaction.log) await this.#run(statement, transaction.id);
  }

  #set(assignments: string): StatementReply {
    for (const [, key, value] of assignments.matchAll(/(\w+) = ('[^']*'|\S+)/g))
      this.parameters.set(key as string, (value as string).replaceAll("'", ''));
    return statusReply('Statement executed successfully.');
  }

  /** "List all running transactions that have locks": of the user's own sessions. */
  #showTransactions(): StatementReply {
    const open = [...this.#shared.sessions.values()].filter(({user}) => user === this.user);
    return textReply(
      open.flatMap(({id, user, transaction}) =>
        transaction === undefined
          ? []
          : [
              {
                id: transaction.id,
                user,
                session: String(id),
                name: transaction.name,
                started_on: transaction.startedAt,
                state: 'running',
                scope: '0',
              },
            ],
      ),
    );
  }

  async #abortTransaction(id: string): Promise<StatementReply> {
    const owner = [...this.#shared.sessions.values()].find(
      ({transaction}) => transaction?.id === id,
    );
    if (owner !== undefined && owner.user !== this.user)
      throw new SnowflakeFailure(
        '003001',
        '42501',
        'SQL access control error: Insufficient privileges to operate on transaction',
      );
    if (owner === this) await this.#rollback();
    else await owner?.abort();
    return textReply([
      {
        RESULT:
          owner === undefined ? 'Transaction is not running' : 'Transaction successfully aborted.',
      },
    ]);
  }

  async #describe(table: string): Promise<StatementReply> {
    const reader = await this.#duck.runAndReadAll(
      `SELECT column_name, coalesce(comment, data_type), is_nullable, column_default FROM duckdb_columns() WHERE table_name = '${table.replaceAll("'", "''")}' ORDER BY column_index`,
    );
    const rows = reader.getRows();
    if (rows.length === 0)
      throw new SnowflakeFailure(
        '002003',
        '02000',
        `SQL compilation error: Table '${table}' does not exist or not authorized.`,
      );
    return textReply(
      rows.map(([column, type, nullable, fallback]) => ({
        name: String(column),
        type: describedType(String(type)),
        kind: 'COLUMN',
        'null?': nullable === true ? 'Y' : 'N',
        default: fallback === null || fallback === 'NULL' ? null : String(fallback),
      })),
    );
  }

  /** "Executing a DDL statement within an open transaction commits the open transaction." */
  async #ddl(sql: string): Promise<StatementReply> {
    await this.#commit();
    await this.#shared.turns.run(async () => {
      await this.#define(sql);
      this.#shared.commits++;
    });
    return statusReply('Statement executed successfully.');
  }

  async #define(sql: string): Promise<void> {
    let match: RegExpExecArray | null;
    if (new RegExp(`^DROP TABLE IF EXISTS ${name}$`).test(sql)) await this.#duck.run(sql);
    else if (
      (match = new RegExp(
        `^CREATE (TEMPORARY )?TABLE IF NOT EXISTS (${name}) \\((.*)\\)$`,
        's',
      ).exec(sql))
    ) {
      const columns = [
        ...(match[4] as string).matchAll(
          new RegExp(`(${name}|\\w+) (\\w+(?:\\(\\d+(?:,\\d+)?\\))?)(?:, |$)`, 'g'),
        ),
      ];
      const list = columns.map(([, column, , type]) => `${column} ${columnType(type as string)}`);
      await this.#duck.run(
        `CREATE ${match[1] ?? ''}TABLE IF NOT EXISTS ${match[2]} (${list.join(', ')})`,
      );
      for (const [, column, , type] of columns)
        await this.#noteArray(match[2] as string, column as string, type as string);
    } else if (
      (match = new RegExp(`^ALTER TABLE (${name}) ADD COLUMN IF NOT EXISTS (${name}) (\\S+)$`).exec(
        sql,
      ))
    ) {
      await this.#duck.run(
        `ALTER TABLE ${match[1]} ADD COLUMN IF NOT EXISTS ${match[3]} ${columnType(match[5] as string)}`,
      );
      await this.#noteArray(match[1] as string, match[3] as string, match[5] as string);
    } else {
      throw new SnowflakeFailure(
        '001003',
        '42601',
        `SQL compilation error: the stand-in does not know this statement: ${sql.slice(0, 100)}`,
      );
    }
  }

  /** DuckDB has one type for JSON; which columns are arrays stands in their comments. */
  async #noteArray(table: string, column: string, type: string): Promise<void> {
    if (type === 'ARRAY') await this.#duck.run(`COMMENT ON COLUMN ${table}.${column} IS 'ARRAY'`);
  }

  async #change(statement: Statement): Promise<StatementReply> {
    const [, verb = '', table = ''] =
      new RegExp(`^(\\w+)(?: INTO| FROM)? ${name}`).exec(statement.sql) ?? [];
    const transaction = this.#transaction;
    const owner = transaction ?? {};
    try {
      if (/^(UPDATE|MERGE|DELETE)$/.test(verb) && table !== '_SINK_LOAD')
        await this.#shared.locks.acquire(
          table,
          owner,
          Number(this.parameters.get('LOCK_TIMEOUT') ?? 43_200) * 1000,
        );
      const rows = await this.#shared.turns.run(() => this.#changed(statement, transaction));
      return changeReply(verb, rows);
    } finally {
      if (transaction === undefined) this.#shared.locks.release(owner);
    }
  }

  /** Without a transaction the statement commits. */
  async #changed(statement: Statement, transaction: Transaction | undefined): Promise<number> {
    if (transaction !== undefined) await this.#refresh(transaction);
    const rows = await this.#run(statement, transaction?.id);
    if (transaction === undefined) this.#shared.commits++;
    else transaction.log.push(statement);
    return rows;
  }

  /** Runs DML and answers how many rows it has changed. */
  async #run({sql, binds}: Statement, transactionId: string | undefined): Promise<number> {
    const copy = new RegExp(
      `^COPY INTO (${name}) FROM @(\\S+)/ FILES = \\('([^']+)'\\) FILE_FORMAT = \\(TYPE = JSON COMPRESSION = GZIP\\) ON_ERROR = ABORT_STATEMENT FORCE = TRUE$`,
    ).exec(sql);
    if (copy !== null) {
      const file = join(this.#folder(copy[3] as string), copy[4] as string);
      if (!existsSync(file))
        throw new SnowflakeFailure('091016', '02000', `Remote file '${copy[4]}' was not found.`);
      const {rowsChanged} = await this.#duck.run(
        `INSERT INTO ${copy[1]} SELECT json FROM read_ndjson_objects('${file}', compression = 'gzip', maximum_object_size = 33554432)`,
      );
      return rowsChanged;
    }
    const {rowsChanged} = await this.#duck.run(translate(sql, transactionId), [...binds]);
    return rowsChanged;
  }

  async #select({sql, binds}: Statement): Promise<StatementReply> {
    const reader = await this.#shared.turns.run(async () => {
      if (this.#transaction !== undefined) await this.#refresh(this.#transaction);
      return this.#duck.runAndReadAll(translate(sql, this.#transaction?.id), [...binds]);
    });
    const types = reader.columnTypes().map(String);
    return {
      columns: reader.columnNames().map((column, at) => {
        const decimal = /^DECIMAL\(\d+,(\d+)\)$/.exec(types[at] ?? '');
        if (decimal !== null) return {name: column, type: 'fixed', scale: Number(decimal[1])};
        return {name: column, type: types[at] === 'JSON' ? 'variant' : 'text'};
      }),
      rows: reader
        .getRowsJson()
        .map((row) => row.map((cell) => (cell === null ? null : textOf(cell)))),
      statementTypeId: statementTypes.select,
    };
  }

  #put(path: string, location: string): StatementReply {
    const source = path
      .replaceAll(/''|\\./g, (escape) => escape.slice(1))
      .replace(/^file:\/\//, '');
    const folder = this.#folder(location.replace(/\/$/, ''));
    mkdirSync(folder, {recursive: true});
    return {
      columns: [],
      rows: [],
      statementTypeId: statementTypes.other,
      upload: {
        command: 'UPLOAD',
        src_locations: [source],
        stageInfo: this.#shared.stageInfo(folder, source),
        autoCompress: false,
        sourceCompression: 'gzip',
        parallel: 4,
        overwrite: true,
      },
    };
  }

  #remove(location: string): StatementReply {
    rmSync(this.#folder(location.replace(/\/$/, '')), {recursive: true, force: true});
    return textReply([], statementTypes.other);
  }

  /** `~/a` of each user is a folder of its own. */
  #folder(location: string): string {
    const parts = location
      .replaceAll('"', '')
      .split('/')
      .map((part) => (part === '~' ? `user-${this.user}` : part));
    if (parts.includes('..')) throw new SnowflakeFailure('001003', '42601', 'invalid stage path');
    return join(this.#shared.directory, ...parts);
  }
}

function textOf(cell: unknown): string {
  return typeof cell === 'string' ? cell : JSON.stringify(cell);
}

/** What a session's token is answered with once it is gone. */
export function sessionGone(): SnowflakeFailure {
  return new SnowflakeFailure(
    '390111',
    '08001',
    'Session no longer exists. New login required to access the service.',
  );
}

function changeReply(verb: string, rows: number): StatementReply {
  switch (verb) {
    case 'INSERT':
      return countReply('insert', rows);
    case 'MERGE':
      return countReply('merge', rows);
    case 'UPDATE':
      return countReply('update', rows);
    case 'DELETE':
      return countReply('delete', rows);
    default:
      return textReply(
        [{file: 'file', status: 'LOADED', rows_parsed: String(rows), rows_loaded: String(rows)}],
        statementTypes.copy,
      );
  }
}

function unquoted(identifier: string): string {
  return identifier.replaceAll('""', '"');
}
