import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {serverPort} from './server-port.ts';
import type {Pipeline} from './pipeline.ts';
import {ServiceProcess} from './service-process.ts';

type Tasks = Readonly<
  Record<string, {readonly offsets?: Readonly<Record<string, {readonly offset: number}>>}>
>;

/** A further process of a pipeline's application that runs tasks, with a data directory of its own. */
export class StreamsInstance {
  readonly service: ServiceProcess;
  readonly #directory: string;

  private constructor(service: ServiceProcess, directory: string) {
    this.service = service;
    this.#directory = directory;
  }

  static async create(pipeline: Pipeline): Promise<StreamsInstance> {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-instance-'));
    const port = await serverPort();
    mkdirSync(join(directory, 'data'));
    const yaml = readFileSync(join(pipeline.directory, 'millrace.yaml'), 'utf8')
      .replace(/^data\.dir: .*$/m, `data.dir: ${join(directory, 'data')}`)
      .replace(/^http\.listen: .*$/m, `http.listen: 127.0.0.1:${port}`);
    writeFileSync(join(directory, 'millrace.yaml'), yaml);
    return new StreamsInstance(new ServiceProcess(directory, port, 'streams'), directory);
  }

  /** The durable offset of each input of the tasks that it runs; undefined while it has none that runs. */
  async offsets(): Promise<ReadonlyMap<string, number> | undefined> {
    const status = await this.service.status().catch(() => undefined);
    const streams = status?.components['streams'];
    const tasks = Object.values((streams?.['tasks'] ?? {}) as Tasks);
    if (streams?.['state'] !== 'running' || tasks.some(({offsets}) => offsets === undefined))
      return undefined;
    return new Map(
      tasks.flatMap(({offsets = {}}) =>
        Object.entries(offsets).map(([partition, {offset}]) => [partition, offset] as const),
      ),
    );
  }

  async close(): Promise<void> {
    await this.service.kill();
    rmSync(this.#directory, {recursive: true, force: true});
  }
}
