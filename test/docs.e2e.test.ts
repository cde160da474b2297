import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {messageOf} from '../src/common/errors.ts';
import {commandsOf, docBlocks, docPages, statementsOf} from './support/docs/doc-blocks.ts';
import type {DocBlock} from './support/docs/doc-blocks.ts';
import {DocsSandbox} from './support/docs/docs-sandbox.ts';
import {isRunElsewhere} from './support/docs/run-elsewhere.ts';
import {until} from './support/until.ts';

let sandbox: DocsSandbox;
beforeAll(async () => {
  sandbox = await DocsSandbox.open();
});
afterAll(() => sandbox.close());

/** As a new user reads them: what the first two set up the others work with, and the last one takes away. */
const [first, last] = [['README.md', 'docs/getting-started.md'], 'docs/operations.md'];
const pages = [
  ...first,
  ...docPages().filter((page) => !first.includes(page) && page !== last),
  last,
].filter((page) => docBlocks(page).some((block) => !isPassive(block)));

function isPassive(block: DocBlock): boolean {
  if (block.kind === 'sh') return commandsOf(block).every(isRunElsewhere);
  return block.kind === 'sql' ? isRunElsewhere(block.text) : !isPipeline(block);
}

function isPipeline({kind, text}: DocBlock): boolean {
  return kind === 'yaml' && /^sources:$/m.test(text);
}

describe('the documentation', () => {
  test.each(pages)('%s: each of its commands succeeds', async (page) => {
    const blocks = docBlocks(page).filter((block) => !isPassive(block));
    const hasPipeline = blocks.some(isPipeline);
    if (hasPipeline) await sandbox.clear();

    for (const block of blocks) expect(await failuresOf(block)).toEqual([]);

    if (hasPipeline) await sandbox.ensureRunning();
  });
});

/** It ends when the service has been told, not when the row has come. */
const readsOrderAgain = /^millrace snapshot .* --where "order_id = '4711'"$/;

async function runUntilOrderCame(command: string): Promise<void> {
  const before = await sandbox.orderOffset();
  await sandbox.run(command);
  await until('the order has come again', async () => (await sandbox.orderOffset()) > before);
}

/** Runs it up to the first step that fails. */
async function failuresOf(block: DocBlock): Promise<readonly string[]> {
  if (block.kind === 'yaml') {
    await sandbox.configure(block.text);
    return [];
  }
  const isSql = block.kind === 'sql';
  const steps = isSql
    ? statementsOf(block)
    : commandsOf(block).filter((command) => !isRunElsewhere(command));
  if (block.stopped) await sandbox.stop();
  else if (!isSql && !sandbox.isStart(steps[0] ?? '')) await sandbox.ensureRunning();
  for (const step of steps) {
    try {
      if (isSql) await sandbox.sql(step);
      else if (readsOrderAgain.test(step)) await runUntilOrderCame(step);
      else await sandbox.run(step);
    } catch (error) {
      return [`${block.page}:${block.line}: ${step}: ${messageOf(error)}`];
    }
  }
  return [];
}
