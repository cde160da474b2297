import {Command, CommanderError, InvalidArgumentError, Option} from 'commander';
import {systemClock} from './common/clock.ts';
import {FatalError} from './common/errors.ts';
import type {Secrets} from './common/secrets.ts';
import type {Config} from './config/config.ts';
import {loadConfig} from './config/load-config.ts';
import {packageVersion} from './package-version.ts';
import {runService} from './service.ts';
import {checkCommand} from './service/check-command.ts';
import type {CheckCommand} from './service/check-command.ts';
import {allRoles} from './service/roles.ts';
import type {Role} from './service/roles.ts';
import {resetCommand} from './service/reset/reset-command.ts';
import type {ResetCommand} from './service/reset/reset-command.ts';
import {snapshotCommand} from './service/snapshot-command.ts';
import type {SnapshotCommand} from './service/snapshot-command.ts';
import {statusCommand} from './service/status/status-command.ts';
import type {StatusCommand} from './service/status/status-command.ts';
import {ProgressPrinter} from './service/terminal/progress-printer.ts';
import {whyCommand} from './service/why-command.ts';
import type {WhyCommand} from './service/why-command.ts';
import type {Topology} from './streams/topology/topology.ts';
import {warehouseCheck} from './service/warehouse-check.ts';
import {ordersTopology} from './topology.ts';

/** What the commands do to the world. */
export interface CliEffects {
  readonly start: (
    config: Config,
    signal: AbortSignal,
    roles: readonly Role[] | undefined,
  ) => Promise<void>;
  /** Returns what to print. */
  readonly snapshot: (config: Config, command: SnapshotCommand) => Promise<string>;
  readonly check: (config: Config, command: CheckCommand, signal: AbortSignal) => Promise<void>;
  /** Returns what to print. */
  readonly why: (config: Config, command: WhyCommand) => Promise<string>;
  readonly reset: (config: Config, command: ResetCommand) => Promise<void>;
  readonly status: (config: Config, command: StatusCommand, signal: AbortSignal) => Promise<void>;
  /** Writes to standard output. */
  readonly print: (text: string) => void;
}

const toStdout = (text: string): void => {
  process.stdout.write(text);
};

function realEffects(secrets: Secrets): CliEffects {
  return {
    start: runService,
    snapshot: snapshotCommand,
    check: (config, command, signal) =>
      checkCommand(config, command, signal, {
        topology: ordersTopology(config),
        openCheck: (sink) => warehouseCheck(sink, config.dataDirectory),
        clock: systemClock,
        // It prints what drivers say.
        print: (text) => toStdout(secrets.redact(text)),
        inColour: process.stdout.isTTY && process.stdout.hasColors(),
      }),
    why: whyCommand,
    status: (config, command, stop) =>
      statusCommand(config, command, stop, {clock: systemClock, stream: process.stdout}),
    reset: (config, command) => {
      const printer = new ProgressPrinter(process.stdout);
      return resetCommand(config, command, {clock: systemClock, printer});
    },
    print: toStdout,
  };
}

const formats = {
  text: (topology: Topology) => topology.describe(),
  mermaid: (topology: Topology) => topology.toMermaid(),
  json: (topology: Topology) => JSON.stringify(topology, undefined, 2),
} as const;

/**
 * Runs the command that `args` name, `start` where they name none, until it is done or `signal` aborts. The secrets of the
 * configuration that it reads go into `secrets`; `others` stand in for what it does to the world.
 *
 * @throws FatalError CONFIG_INVALID for arguments that it does not know.
 */
export async function runCli(
  args: readonly string[],
  signal: AbortSignal,
  secrets: Secrets,
  others: Partial<CliEffects> = {},
): Promise<void> {
  const {start, snapshot, check, why, reset, status, print} = {...realEffects(secrets), ...others};
  const load = (file: string | undefined): Config => {
    const config = loadConfig({file});
    secrets.add(config.secrets);
    return config;
  };
  const program = new Command('millrace')
    .description(
      'Streams committed Postgres changes through a typed topology into a warehouse, exactly once.',
    )
    .version(packageVersion(), '--version', 'print the version')
    .exitOverride()
    .configureOutput({writeOut: print, writeErr: () => undefined});
  program
    .command('start')
    .description('run the service (also without any command)')
    .addOption(configOption())
    .addOption(
      new Option(
        '--roles <roles>',
        'the parts to run, of cdc,streams,sinks; the others run elsewhere on the same Kafka (default: all)',
      ).argParser(parseRoles),
    )
    .action(
      async ({config, roles}: {readonly config?: string; readonly roles?: readonly Role[]}) => {
        await start(load(config), signal, roles);
      },
    );
  program
    .command('topology')
    .description('print the topology')
    .addOption(configOption())
    .addOption(
      new Option('--format <format>', 'how to print it')
        .choices(Object.keys(formats))
        .default('text'),
    )
    .action(
      ({config, format}: {readonly config?: string; readonly format: keyof typeof formats}) => {
        print(`${formats[format](ordersTopology(load(config))).trimEnd()}\n`);
      },
    );
  program
    .command('snapshot [tables...]')
    .description(
      'read tables again beside their changes, as an incremental snapshot: `schema.table`, or regular expressions',
    )
    .addOption(configOption())
    .option('--source <name>', 'the source, a key under `sources:` (default: the only one)')
    .option('--where <condition>', 'an SQL condition: read the rows that it holds for')
    .addOption(
      new Option('--action <action>', 'what to do with incremental snapshots')
        .choices(['execute', 'stop', 'pause', 'resume'])
        .default('execute'),
    )
    .action(async (tables: readonly string[], options: SnapshotOptions) => {
      const {config, source, where, action} = options;
      print(await snapshot(load(config), {tables, source, where, action}));
    });
  program
    .command('check')
    .description(
      'look at everything that the service will need (Postgres, Kafka, the registry, the warehouses, data.dir), change nothing, and say what to do; exit code 1 when something fails',
    )
    .addOption(configOption())
    .option(
      '--sink [name]',
      'try the warehouse of this sink instead, of all without a name: create, fill, alter and merge a scratch table, and remove it',
    )
    .addOption(
      new Option('--format <format>', 'how to print it').choices(['text', 'json']).default('text'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  millrace check --config millrace.yaml\n  millrace check --format json\n  millrace check --sink snow\n',
    )
    .action(async ({config, sink, format}: CheckOptions) => {
      await check(load(config), {sink, format}, signal);
    });
  program
    .command('why <topic> <key>')
    .description('ask a running service where a record comes from, or what it waits for')
    .addOption(configOption())
    .option('--url <url>', 'of the service (default: where the configuration says it listens)')
    .addOption(
      new Option('--format <format>', 'how to print it').choices(['text', 'json']).default('text'),
    )
    .addHelpText('after', '\nExample: millrace why orders_enriched 4711\n')
    .action(async (topic: string, key: string, options: WhyOptions) => {
      const {config, url, format} = options;
      print(await why(load(config), {topic, key, url, format}));
    });
  program
    .command('status')
    .description('show how a running service does, again each second on a terminal')
    .addOption(configOption())
    .option('--url <url>', 'of the service (default: where the configuration says it listens)')
    .option('--once', 'show it once', false)
    .addOption(
      new Option('--format <format>', 'how to print it').choices(['text', 'json']).default('text'),
    )
    .addHelpText('after', '\nExamples:\n  millrace status\n  millrace status --format json\n')
    .action(async ({config, ...command}: StatusCommand & {readonly config?: string}) => {
      const {url, once, format} = command;
      await status(load(config), {url, once, format}, signal);
    });
  program
    .command('reset')
    .description(
      'begin the topology anew: forget its offsets, and delete its internal topics and the stores of this instance; shows what it would do, and refuses while instances are alive',
    )
    .addOption(configOption())
    .option('--execute', 'do it', false)
    .option('--outputs', 'delete also the topics that it writes for others', false)
    .option('--sources <names...>', 'sources that forget where they stand and take a new snapshot')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace reset\n  millrace reset --outputs --sources customers products --execute\n',
    )
    .action(async ({config, execute, outputs, sources = []}: ResetOptions) => {
      await reset(load(config), {execute, outputs, sources});
    });
  try {
    await program.parseAsync(withCommand(args), {from: 'user'});
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw new FatalError('CONFIG_INVALID', usageMistake(error));
  }
}

interface SnapshotOptions {
  readonly config?: string;
  readonly source?: string;
  readonly where?: string;
  readonly action: SnapshotCommand['action'];
}

interface ResetOptions {
  readonly config?: string;
  readonly execute: boolean;
  readonly outputs: boolean;
  readonly sources?: readonly string[];
}

interface CheckOptions {
  readonly config?: string;
  readonly sink?: string | true;
  readonly format: CheckCommand['format'];
}

interface WhyOptions {
  readonly config?: string;
  readonly url?: string;
  readonly format: WhyCommand['format'];
}

function configOption(): Option {
  return new Option(
    '--config <file>',
    'configuration file (default: millrace.yaml where it exists)',
  );
}

function parseRoles(text: string): readonly Role[] {
  const names = text.split(',').map((name) => name.trim());
  const roles = allRoles.filter((role) => names.includes(role));
  if (names.some((name) => !roles.some((role) => role === name))) {
    throw new InvalidArgumentError(`expected some of ${allRoles.join(',')}, separated by commas`);
  }
  return roles;
}

/** Commander's own default command would take the misspelled name of another for an argument. */
function withCommand(args: readonly string[]): readonly string[] {
  const [first] = args;
  const isAboutProgram = first === '--help' || first === '-h' || first === '--version';
  return first === undefined || (first.startsWith('-') && !isAboutProgram)
    ? ['start', ...args]
    : args;
}

/** Commander's sentence in one line. */
function usageMistake({message}: CommanderError): string {
  const sentence = message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)$/, '; did you mean $1?')
    .replace(/\.$/, '');
  return `${sentence}${sentence.endsWith('?') ? '' : '; see `millrace --help`'}`;
}
