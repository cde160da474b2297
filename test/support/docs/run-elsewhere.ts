/** Commands and blocks of the documentation that cannot run beside the others. */
export interface RunElsewhere {
  readonly what: RegExp;
  readonly because: string;
  /** A file that runs it, or what comes nearest, and something that stands in it. */
  readonly checkedBy: readonly [file: string, text: string];
}

const takesMinutes = 'it takes minutes and measures';

export const runElsewhere: readonly RunElsewhere[] = [
  {
    what: /^npm ci$/,
    because: 'it is what this test runs on',
    checkedBy: ['package.json', '"build": '],
  },
  {
    what: /^npm test$/,
    because: 'it is what runs this test',
    checkedBy: ['.ci/run', 'npm test'],
  },
  {what: /^npm run bench\b/, because: takesMinutes, checkedBy: ['package.json', '"bench": ']},
  {
    what: /^npm start -- --demo-warehouse /,
    because: 'it has a warehouse and a pipeline of its own',
    checkedBy: ['test/e2e/demo-warehouse.e2e.test.ts', '--demo-warehouse'],
  },
  {
    what: / check --sink snow$/,
    because: 'it needs an account; a stand-in takes its place',
    checkedBy: ['test/sinks/snowflake/snowflake-check.test.ts', 'snowflakeCheck('],
  },
  {
    what: /^millrace start --roles /,
    because: 'roles need a Kafka',
    checkedBy: ['test/e2e/kafka-bad-days.e2e.test.ts', 'roles: '],
  },
  {
    what: /^kafka-console-consumer\.sh /,
    because: 'it comes with Kafka',
    checkedBy: ['test/sinks/dead-letter-queue.test.ts', '__connect.errors.'],
  },
  {
    what: /^(?:CREATE ROLE MILLRACE|CREATE VOLUME main)/,
    because: 'it is for an administrator of Snowflake or of Databricks',
    checkedBy: ['docs/sinks.md', 'The first real account'],
  },
  {
    what: /^(?:npm pack|npm install \.\/millrace|npx millrace start)\b/,
    because: 'it installs what it has packed',
    checkedBy: ['test/deploy/package.e2e.test.ts', "'pack'"],
  },
  {
    what: /^docker (?:build|run) /,
    because: 'it needs Docker',
    checkedBy: ['test/deploy/image.e2e.test.ts', 'Dockerfile'],
  },
  {
    what: /^docker compose /,
    because: 'it needs Docker',
    checkedBy: ['test/deploy/compose.test.ts', 'compose.yaml'],
  },
  {
    what: /^(?:kubectl |resources: \[)/,
    because: 'it needs a cluster of Kubernetes',
    checkedBy: ['test/deploy/k8s.test.ts', 'deploy/k8s'],
  },
];

/** Whether a command, or a block that is not of commands, is on the list. */
export function isRunElsewhere(text: string): boolean {
  return runElsewhere.some(({what}) => what.test(text));
}
