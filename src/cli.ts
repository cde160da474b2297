import {Command, Option} from 'commander';
import {loadConfig} from './config/load-config.ts';
import {runService} from './service.ts';
import {ordersTopology} from './topology.ts';

/** Parses `argv` (as `process.argv`) and runs the command until it is done or `signal` aborts. */
export async function runCli(argv: readonly string[], signal: AbortSignal): Promise<void> {
  const program = new Command('millrace').description(
    'Streams committed Postgres changes through a typed topology into a warehouse, exactly once.',
  );
  program
    .command('start', {isDefault: true})
    .description('run the service')
    .option('--config <file>', 'configuration file (default: millrace.yaml where it exists)')
    .action(async ({config}: {readonly config?: string}) => {
      await runService(loadConfig({file: config}), signal);
    });
  program
    .command('topology')
    .description('print the topology')
    .option('--config <file>', 'configuration file (default: millrace.yaml where it exists)')
    .addOption(new Option('--format <format>').choices(['text', 'mermaid', 'json']).default('text'))
    .action(({config, format}: {readonly config?: string; readonly format: string}) => {
      const topology = ordersTopology(loadConfig({file: config}));
      const text = {
        text: () => topology.describe(),
        mermaid: () => topology.toMermaid(),
        json: () => JSON.stringify(topology, undefined, 2),
      }[format as 'text' | 'mermaid' | 'json']();
      process.stdout.write(`${text}\n`);
    });
  await program.parseAsync(argv);
}
