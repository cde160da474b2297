import {describe, expect, test} from 'vitest';
import {struct, varchar} from '../../../src/serde/schema.ts';
import type {Infer} from '../../../src/serde/schema.ts';
import {materialize} from '../../../src/streams/operators/materialize.ts';
import type {Emit} from '../../../src/streams/operators/materialize.ts';
import {runOperator} from '../../../src/streams/testing/run-operator.ts';

const Row = struct({name: varchar()});
type Row = Infer<typeof Row>;

const run = (emit: Emit) => runOperator(materialize<string, Row>('rows', Row, emit));
const ada = {name: 'Ada'};

describe('materialize', () => {
  test('emits an unchanged row again under updates, and not under changes', () => {
    for (const [emit, count] of [
      ['updates', 1],
      ['changes', 0],
    ] as const) {
      const operator = run(emit);
      operator.send('1', ada);

      expect(operator.send('1', ada)).toHaveLength(count);
    }
  });

  test.each<Emit>(['updates', 'changes'])('deletes once under %s', (emit) => {
    const operator = run(emit);
    operator.send('1', ada);

    expect(operator.send('1', null)).toMatchObject([{value: {old: ada, new: undefined}}]);
    expect(operator.send('1', null)).toEqual([]);
    expect(operator.store('rows').get('1')).toBeUndefined();
  });
});
