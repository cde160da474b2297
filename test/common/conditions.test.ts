import {describe, expect, test} from 'vitest';
import {Conditions} from '../../src/common/conditions.ts';
import {PromMetrics} from '../../src/common/prom-metrics.ts';
import {Secrets} from '../../src/common/secrets.ts';

const condition = {code: 'KAFKA_UNREACHABLE', subject: 'kafka', message: 'no answer'} as const;

function seriesOf(severity: string): string {
  return `millrace_condition{code="KAFKA_UNREACHABLE",subject="kafka",severity="${severity}"}`;
}

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
    const conditions = new Conditions({secrets: new Secrets(['hunter22'])});

    conditions.raise({...condition, message: 'login of app with hunter22 refused'});

    expect(conditions.list()).toEqual([{...condition, message: 'login of app with *** refused'}]);
  });

  test('is a metric that is 1 while the condition holds and 0 afterwards', async () => {
    const metrics = new PromMetrics();
    const conditions = new Conditions({metrics});
    const series = seriesOf('error');

    conditions.raise(condition);
    expect(await metrics.text()).toContain(`${series} 1\n`);

    conditions.clear(condition.code, condition.subject);
    expect(await metrics.text()).toContain(`${series} 0\n`);
  });

  test('is one series at a time, of the severity that it has now', async () => {
    const metrics = new PromMetrics();
    const conditions = new Conditions({metrics});

    conditions.raise({...condition, severity: 'warning'});
    conditions.raise(condition);

    const text = await metrics.text();
    expect(text).toContain(`${seriesOf('warning')} 0\n`);
    expect(text).toContain(`${seriesOf('error')} 1\n`);
  });

  test('is logged when it is over, once', () => {
    const logged: [object, string][] = [];
    const logger = {info: (fields: object, message: string) => logged.push([fields, message])};
    const conditions = new Conditions({logger});

    conditions.raise(condition);
    conditions.raise(condition);
    conditions.clear(condition.code, condition.subject);
    conditions.clear(condition.code, condition.subject);

    expect(logged).toEqual([
      [{code: 'KAFKA_UNREACHABLE', subject: 'kafka'}, 'KAFKA_UNREACHABLE is over'],
    ]);
  });

  test('makes no series of a condition that never held', async () => {
    const metrics = new PromMetrics();
    const conditions = new Conditions({metrics});

    conditions.clear('SINK_BACKPRESSURE', 'sink local');

    expect(await metrics.text()).not.toContain('millrace_condition');
  });
});
