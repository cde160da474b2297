import {Client} from 'pg';
import type {Random} from './random.ts';

/** What the soak captures: each table with another key and replica identity. */
export const SOAK_TABLES = ['accounts', 'documents', 'entries'] as const;

/** With the number of rows in `written` that each statement has changed and its transaction has committed, after the first rows. */
export const SOAK_SCHEMA = `
  CREATE TABLE accounts (id int PRIMARY KEY, owner text NOT NULL, balance int);
  CREATE TABLE documents (id int PRIMARY KEY, body text, version int);
  ALTER TABLE documents REPLICA IDENTITY FULL;
  ALTER TABLE documents ALTER COLUMN body SET STORAGE EXTERNAL;
  CREATE TABLE entries (account int, at int, note text, PRIMARY KEY (account, at));
  INSERT INTO accounts SELECT g, 'owner ' || g, 0 FROM generate_series(1, 200) g;
  INSERT INTO documents SELECT g, repeat(md5(g::text), 100), 0 FROM generate_series(1, 50) g;
  CREATE TABLE written (tbl text, op text, count bigint);
  CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO written SELECT TG_TABLE_NAME, TG_OP, count(*) FROM changed;
      RETURN NULL;
    END $$;
  ${SOAK_TABLES.flatMap((table) =>
    [
      ['INSERT', 'NEW'],
      ['UPDATE', 'NEW'],
      ['DELETE', 'OLD'],
    ].map(
      ([op, side]) =>
        `CREATE TRIGGER on_${op} AFTER ${op} ON ${table} REFERENCING ${side} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell();`,
    ),
  ).join('\n')}`;

export interface SoakLoadOptions {
  /** Also adds and drops columns; of all that run at once one may. */
  readonly changesTables: boolean;
  /** Asked now and then: resolves when the load may go on. */
  readonly mayGoOn: () => Promise<void>;
}

/** Transactions between two questions whether to go on. */
const TRANSACTIONS_AT_ONCE = 50;

/** One client's transactions of all kinds, one after another until `stop`. */
export class SoakLoad {
  readonly #client: Client;
  readonly #random: Random;
  readonly #done: Promise<void>;
  #stopping = false;
  #columns = 0;
  /** Transactions so far. */
  count = 0;

  private constructor(client: Client, random: Random, options: SoakLoadOptions) {
    this.#client = client;
    this.#random = random;
    this.#done = this.#run(options);
  }

  static async start(
    port: number,
    database: string,
    random: Random,
    options: SoakLoadOptions,
  ): Promise<SoakLoad> {
    const client = new Client({host: '127.0.0.1', port, user: 'postgres', database});
    await client.connect();
    return new SoakLoad(client, random, options);
  }

  /** Resolves when its last transaction has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
    await this.#client.end();
  }

  async #run({changesTables, mayGoOn}: SoakLoadOptions): Promise<void> {
    while (!this.#stopping) {
      if (++this.count % TRANSACTIONS_AT_ONCE === 0) await mayGoOn();
      if (changesTables && this.#random.chance(0.02)) await this.#changeTable();
      else await this.#transaction();
    }
  }

  async #transaction(): Promise<void> {
    const random = this.#random;
    // Now and then one that takes long enough to be cut in two.
    const statements = random.chance(0.01)
      ? [`UPDATE entries SET note = left(note, 8)`]
      : Array.from({length: 1 + random.below(5)}, () => this.#statement());
    const end = random.chance(0.1) ? 'ROLLBACK' : 'COMMIT';
    try {
      await this.#client.query(['BEGIN', ...statements, end].join(';'));
    } catch (error) {
      // Two clients have locked rows the other way round, or have taken the same key.
      if (!['40P01', '23505'].includes((error as {code?: string}).code ?? '')) throw error;
      await this.#client.query('ROLLBACK');
    }
  }

  #statement(): string {
    const random = this.#random;
    const id = 1 + random.below(300);
    const other = 1 + random.below(300);
    return random.pick([
      `UPDATE accounts SET balance = balance + ${random.below(100)} WHERE id = ${id}`,
      `INSERT INTO accounts VALUES (${id}, 'née ''${id}'' 😀', ${other}) ON CONFLICT DO NOTHING`,
      `DELETE FROM accounts WHERE id = ${id}`,
      `UPDATE accounts SET id = ${other} WHERE id = ${id} AND NOT EXISTS (SELECT FROM accounts WHERE id = ${other})`,
      `UPDATE documents SET version = version + 1 WHERE id = ${id}`,
      `INSERT INTO documents VALUES (${id}, repeat(md5('${other}'), 100), 0) ON CONFLICT (id) DO UPDATE SET body = excluded.body`,
      `DELETE FROM documents WHERE id = ${id} AND version > 5`,
      `INSERT INTO entries SELECT ${id}, g, 'note' FROM generate_series(1, 20) g ON CONFLICT (account, at) DO UPDATE SET note = entries.note || '.'`,
      `SAVEPOINT s; DELETE FROM entries WHERE account = ${id}; ROLLBACK TO s`,
      `DELETE FROM entries WHERE account = ${id} AND at > 10`,
      `SELECT pg_logical_emit_message(true, 'soak', 'a message')`,
    ]);
  }

  /** A column comes without a default, so that rows from before have null; the one before it goes. */
  async #changeTable(): Promise<void> {
    const table = this.#random.pick(SOAK_TABLES);
    const column = `extra_${this.#columns++}`;
    await this.#client.query(
      `ALTER TABLE ${table} ADD COLUMN ${column} int; UPDATE ${table} SET ${column} = ${this.#columns}`,
    );
    if (this.#random.chance(0.5))
      await this.#client.query(`ALTER TABLE ${table} DROP COLUMN ${column}`);
  }
}
