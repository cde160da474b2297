import {expect, test} from 'vitest';
import type {CheckResult} from '../../src/common/check-result.ts';
import type {SinkLook} from '../../src/sinks/look-at-sink.ts';
import {resultOf} from '../support/check-results.ts';

export interface LookUnderTest {
  /** What a look at the warehouse finds, with a topic of `id` and `total` for the table `looked`. */
  readonly look: (rest?: Partial<SinkLook>) => Promise<readonly CheckResult[]>;
  /** Runs a statement in DuckDB's SQL behind the warehouse. */
  readonly run: (sql: string) => Promise<unknown>;
  /** How the warehouse writes a name. */
  readonly identifier: (name: string) => string;
}

/** What a look that changes nothing says of tables, whatever the warehouse; called within the `describe` of one. */
export function sinkLookSuite({look, run, identifier}: LookUnderTest): void {
  const [table, id] = [identifier('looked'), identifier('id')];

  test('says what becomes of a table that is there', async () => {
    await run(`CREATE TABLE ${table} (${id} VARCHAR)`);

    expect(resultOf(await look(), 'table looked')).toMatch(/^ok .* the sink adds .*total/i);
    expect(resultOf(await look({autoEvolve: 'fail'}), 'table looked')).toMatch(
      /^failed .*total.* is missing -> add it/i,
    );
    await run(`DROP TABLE ${table}`);
    await run(`CREATE TABLE ${table} (${id} DATE)`);
    expect(resultOf(await look(), 'table looked')).toMatch(/^failed .*id.* is .* -> alter it/i);
  });

  test('says so where there is no table and the sink is to make none', async () => {
    expect(resultOf(await look({autoCreate: false}), 'table looked')).toMatch(
      /^failed .* does not exist.* -> create it or set auto.create: true$/,
    );
  });
}
