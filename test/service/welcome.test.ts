import {describe, expect, test} from 'vitest';
import {Welcome, rowsText} from '../../src/service/welcome.ts';
import type {WarehouseRow} from '../../src/service/welcome.ts';
import {ManualClock} from '../support/manual-clock.ts';
import {until} from '../support/until.ts';

describe('Welcome', () => {
  test('says where things are, then shows the first rows, once they are there', async () => {
    const clock = new ManualClock();
    let rows: readonly WarehouseRow[] = [];
    let printed = '';
    const welcome = new Welcome({
      places: [
        ['status', 'http://127.0.0.1:8080/api/status'],
        ['data', '/data'],
      ],
      firstRows: () => Promise.resolve(rows),
      clock,
      print: (text) => (printed += text),
    });

    const done = welcome.run(new AbortController().signal);
    await until('it waits for rows', () => clock.sleeping === 1);
    expect(printed).toBe('  status  http://127.0.0.1:8080/api/status\n  data    /data\n');
    rows = [{order_id: 'o1'}];
    clock.advance(1000);
    await done;

    expect(printed).toContain('  order_id\n  o1\n');
  });

  test('stops waiting when the service does', async () => {
    const end = new AbortController();
    const clock = new ManualClock();
    const welcome = new Welcome({
      places: [['data', '/data']],
      firstRows: () => Promise.resolve([]),
      clock,
      print: () => undefined,
    });

    const done = welcome.run(end.signal);
    await until('it waits for rows', () => clock.sleeping === 1);
    end.abort();

    await expect(done).resolves.toBeUndefined();
  });
});

describe('rowsText', () => {
  test('aligns columns under their names', () => {
    const rows = [
      {order_id: 'o1', product: 'Slim Oak Lamp'},
      {order_id: 'o-two', product: null},
    ];

    expect(rowsText(rows)).toBe(
      '  order_id  product\n  o1        Slim Oak Lamp\n  o-two     NULL\n',
    );
  });
});
