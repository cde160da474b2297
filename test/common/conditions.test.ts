import {describe, expect, test} from 'vitest';
import {Conditions} from '../../src/common/conditions.ts';
import {PromMetrics} from '../../src/common/prom-metrics.ts';
import {Secrets} from '../../src/common/secrets.ts';

const condition = {code: 'KAFKA_UNREACHABLE', subject: 'kafka', message: 'no answer'} as const;

describe('Conditions', () => {
  test('holds one condition for each code and subject, with its newest message', () => {
    const conditions = new Conditions();

    conditions.raise(condition);
    conditions.raise({...condition, subject: 'streams'});
    conditions.raise({...condition, message: 'still no answer'});

    expect(conditions.list()).toEqual([
      {...condition, message: 'still no answer'},
      {...condition, subject: 'streams'},
    ]);
  });

  test('has messages without secrets', () => {
    const conditions = new Conditions(undefined, new Secrets(['hunter22']));

    conditions.raise({...condition, message: 'login of app with hunter22 refused'});

    expect(conditions.list()).toEqual([{...condition, message: 'login of app with *** refused'}]);
  });

  test('is a metric that is 1 while the condition holds and 0 afterwards', async () => {
    const metrics = new PromMetrics();
    const conditions = new Conditions(metrics);
    const series = 'millrace_condition{code="KAFKA_UNREACHABLE",subject="kafka"}';

    conditions.raise(condition);
    expect(await metrics.text()).toContain(`${series} 1\n`);

    conditions.clear(condition.code, condition.subject);
    expect(await metrics.text()).toContain(`${series} 0\n`);
  });

  test('makes no series of a condition that never held', async () => {
    const metrics = new PromMetrics();
    const conditions = new Conditions(metrics);

    conditions.clear('SINK_BACKPRESSURE', 'sink local');

    expect(await metrics.text()).not.toContain('millrace_condition');
  });
});
