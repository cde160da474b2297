import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {runCli} from '../src/cli.ts';
import type {ErrorCode} from '../src/common/errors.ts';
import {Secrets} from '../src/common/secrets.ts';
import {configSchema} from '../src/config/schema.ts';
import {commandsOf, docBlocks, docPages, looksLikeCommand} from './support/docs/doc-blocks.ts';
import type {DocBlock} from './support/docs/doc-blocks.ts';
import {isRunElsewhere, runElsewhere} from './support/docs/run-elsewhere.ts';

const pages = docPages().map((page) => ({page, markdown: readFileSync(page, 'utf8')}));

/** Programs and tests that run, from which pages show pieces. */
const programs = ['src/topology.ts', 'test/topology.test.ts'].map((file) =>
  withoutIndent(readFileSync(file, 'utf8')),
);
const examples = ['shipments-topology.ts', 'shipments-topology.test.ts'].map((name) =>
  withoutIndent(readFileSync(`test/examples/${name}`, 'utf8').replaceAll('../../src/', './')),
);

function withoutIndent(code: string): string {
  return code.replaceAll(/^ +/gm, '').trim();
}

describe('docs/topologies.md', () => {
  test.each(['shipments-topology.ts', 'shipments-topology.test.ts'])(
    'shows test/examples/%s as it runs',
    (name) => {
      const code = readFileSync(`test/examples/${name}`, 'utf8')
        .replaceAll('../../src/', './')
        .trimEnd();

      expect(readFileSync('docs/topologies.md', 'utf8')).toContain(`\`\`\`ts\n${code}\n\`\`\``);
    },
  );
});

/** Why nobody would notice that a block is wrong; undefined for one that something runs. */
function gap({kind, text}: DocBlock): string | undefined {
  switch (kind) {
    // test/docs.e2e.test.ts runs them, but for those of the list.
    case 'sh':
    case 'sql':
      return undefined;
    case 'text':
      return looksLikeCommand(text) ? 'has a command, and does not begin with it' : undefined;
    // test/config/yaml-examples.test.ts loads configurations.
    case 'yaml':
      return isConfiguration(text) || isRunElsewhere(text) ? undefined : 'is no configuration';
    case 'ts': {
      const code = withoutIndent(text);
      const isShown = [...programs, ...examples].some((program) => program.includes(code));
      return isShown ? undefined : `is in no program that runs`;
    }
    default:
      return `is ${kind}, which nothing runs`;
  }
}

function isConfiguration(yaml: string): boolean {
  return [...yaml.matchAll(/^([a-z][a-z.]*):/gm)].some(([, key = '']) => key in configSchema.shape);
}

describe('every block of the documentation', () => {
  test.each(pages.map(({page}) => page))('%s: is run by a test', (page) => {
    const gaps = docBlocks(page).flatMap((block) => {
      const reason = gap(block);
      return reason === undefined ? [] : [`${page}:${block.line} ${reason}`];
    });

    expect(gaps).toEqual([]);
  });

  test.each(runElsewhere)('$what: $because', ({what, checkedBy: [file, text]}) => {
    const blocks = pages.flatMap(({page}) => docBlocks(page));
    const texts = blocks.flatMap((block) => [block.text, ...commandsOf(block)]);

    expect(texts.some((one) => what.test(one))).toBe(true);
    expect(readFileSync(file, 'utf8').includes(text)).toBe(true);
  });
});

describe('every command in a sentence', () => {
  const commands = pages.flatMap(({page, markdown}) =>
    [...markdown.matchAll(/`(?:millrace|node dist\/main\.js) ([^`…]+)`/g)].map(
      ([, command = '']) => ({page, command}),
    ),
  );
  const nothing = {
    start: () => Promise.resolve(),
    snapshot: () => Promise.resolve(''),
    check: () => Promise.resolve(),
    why: () => Promise.resolve(''),
    reset: () => Promise.resolve(),
    status: () => Promise.resolve(),
    print: () => undefined,
  };

  test('is found', () => expect(commands.length).toBeGreaterThan(10));

  test.each(commands)('$page: $command is one that there is', async ({command}) => {
    const words = command.split(' ');
    const args = words.length === 1 ? [...words, '--help'] : words;
    const run = runCli(args, new AbortController().signal, new Secrets(), nothing);

    await expect(run).resolves.toBeUndefined();
  });
});

describe('every link of the documentation', () => {
  test.each(pages)('$page: leads somewhere', ({page, markdown}) => {
    const targets = [...markdown.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, to = '']) => to);
    const lost = targets.filter((target) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      if (!existsSync(file)) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(file, 'utf8')).includes(anchor);
    });

    expect(lost).toEqual([]);
  });

  test.each(readdirSync('docs').filter((name) => name.endsWith('.md')))(
    'README.md leads to docs/%s',
    (name) => {
      expect(readFileSync('README.md', 'utf8').includes(`(docs/${name}`)).toBe(true);
    },
  );
});

/** As GitHub makes them of headings. */
function anchorsOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('every error', () => {
  const [, list = ''] =
    /export type ErrorCode =([^;]+);/.exec(readFileSync('src/common/errors.ts', 'utf8')) ?? [];
  const codes = [...list.matchAll(/'(\w+)'/g)].map(([, code = '']) => code as ErrorCode);

  test('is found', () => expect(codes).toEqual(expect.arrayContaining(['CONFIG_INVALID'])));

  test.each(codes)('%s stands in the documentation', (code) => {
    const inDocs = pages.filter(({page}) => page.startsWith('docs'));

    expect(inDocs.some(({markdown}) => markdown.includes(`\`${code}\``))).toBe(true);
  });
});
