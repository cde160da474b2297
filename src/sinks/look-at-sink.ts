import {failedBy, ok, skipped} from '../common/check-result.ts';
import type {CheckResult} from '../common/check-result.ts';
import {tried} from './run-sink-check.ts';
import type {SinkCheck} from './sink-check.ts';
import {tableDefinitions} from './table-definition.ts';
import type {SinkTopic, UndeclaredTopic} from './table-definition.ts';
import type {SinkSource} from './warehouse-sink.ts';

export interface SinkLook extends Pick<
  SinkSource,
  'sink' | 'insertMode' | 'autoCreate' | 'autoEvolve'
> {
  readonly topics: readonly (SinkTopic | UndeclaredTopic)[];
  readonly tableNameFormat: string;
}

/**
 * Logs in to the warehouse and looks whether the tables fit, without changing anything there, and reports each finding as
 * it comes. After a step that has failed the others are skipped.
 */
export async function lookAtSink(
  check: SinkCheck,
  {topics, tableNameFormat, ...source}: SinkLook,
  report: (result: CheckResult) => void,
): Promise<void> {
  try {
    let isUp = true;
    for (const step of check.lookSteps ?? check.steps) {
      const result: CheckResult = isUp ? await tried(step) : skipped(step.name, '');
      isUp &&= result.outcome !== 'failed';
      report(result);
    }
    let tables;
    try {
      tables = tableDefinitions(topics, tableNameFormat);
    } catch (error) {
      return report(failedBy('tables', error));
    }
    for (const topic of topics) {
      const table = tables.get(topic.name);
      if (table === undefined) continue;
      const name = `table ${table.name}`;
      const of = {...source, topic: topic.name, topicId: '', partition: 0, table};
      if (!isUp) report(skipped(name, ''));
      else if (topic.value === undefined)
        report(skipped(name, 'its columns follow from the first record'));
      else report(await fit(name, check, of));
    }
  } finally {
    await check.close();
  }
}

async function fit(name: string, check: SinkCheck, source: SinkSource): Promise<CheckResult> {
  try {
    return ok(name, await check.fits(source));
  } catch (error) {
    return failedBy(name, error);
  }
}
