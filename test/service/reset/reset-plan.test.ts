import {expect, test} from 'vitest';
import {planText} from '../../../src/service/reset/reset-plan.ts';

test('says what goes, and what follows from it', () => {
  expect(
    planText({
      groupId: 'app',
      topics: ['app-x-changelog', 'customers'],
      kept: ['orders_enriched'],
      stores: [{taskId: '0_1', store: 'x'}],
      sources: ['camel'],
      sinks: [
        {name: 'up', insertMode: 'upsert', deleted: ['customers'], kept: ['orders_enriched']},
        {name: 'log', insertMode: 'append', deleted: [], kept: ['orders_enriched']},
      ],
    }).split('\n'),
  ).toEqual([
    '  group app: its offsets',
    '  topic app-x-changelog: deleted',
    '  topic customers: deleted',
    '  topic orders_enriched: stays, and gets every record again behind what it has',
    '  store 0_1/x: deleted',
    '  source camel: its position; it takes a new snapshot',
    '  note: sink up reads customers; it stops with SINK_OFFSET_MISMATCH, which says what to remove from its warehouse',
    '  note: sink log appends the rows of orders_enriched a second time',
    '',
  ]);
});
