import {copyFileSync, existsSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {jvmFlags} from './java.ts';
import {kafkaProperties} from './kafka-properties.ts';
import type {NodeConfig} from './kafka-properties.ts';
import {kafkaUuid} from './kafka-uuid.ts';
import {ServerProcess} from './server-process.ts';

/** What a node runs from. */
export interface KafkaFiles {
  readonly classpath: string;
  /** The records of a formatted cluster: features at their newest, SCRAM users. */
  readonly bootstrapCheckpoint: string;
  /** The JVM's flag for the class archive. */
  readonly archiveFlag: string;
}

/** The checkpoint's path below a formatted node's data folder. */
export const checkpointPath = '__cluster_metadata-0/00000000000000000000-0000000000.checkpoint';

/** The heap in which one broker gets by: 64 MB suffice. */
export const kafkaJvmFlags: readonly string[] = [...jvmFlags, '-Xmx96m'];

/** One node of a cluster: a JVM that may come and go, its data and its ports stay. */
export class KafkaNode {
  readonly config: NodeConfig;
  readonly #files: KafkaFiles;
  readonly #jvmFlags: readonly string[];
  readonly #propertiesFile: string;
  #server: ServerProcess | undefined;

  constructor(
    config: NodeConfig,
    clusterId: string,
    files: KafkaFiles,
    flags: readonly string[] = kafkaJvmFlags,
  ) {
    this.config = config;
    this.#files = files;
    this.#jvmFlags = flags;
    this.#propertiesFile = `${config.dataFolder}.properties`;
    if (!existsSync(config.dataFolder)) this.#format(clusterId);
    writeFileSync(this.#propertiesFile, kafkaProperties(config));
  }

  get pid(): number {
    return this.#server?.pid ?? 0;
  }

  get log(): string {
    return this.#server?.log ?? '';
  }

  /** Resolves when the node serves; a broker's leaders and the cluster's view of it may take a little longer. */
  async start(): Promise<void> {
    this.#server = await ServerProcess.start({
      name: `kafka node ${this.config.id}`,
      args: [
        ...this.#jvmFlags,
        this.#files.archiveFlag,
        '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
        '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
        '-cp',
        this.#files.classpath,
        'kafka.Kafka',
        this.#propertiesFile,
      ],
      isReady: (log) => log.includes('Kafka Server started'),
    });
  }

  /** Freezes it, as a machine that hangs or a network that drops packets. */
  freeze(): void {
    this.#server?.signal('SIGSTOP');
  }

  resume(): void {
    this.#server?.signal('SIGCONT');
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    await this.#server?.end(signal);
  }

  /** What `kafka-storage.sh format` writes, without the second that its JVM takes. */
  #format(clusterId: string): void {
    const {id, role, dataFolder} = this.config;
    mkdirSync(dataFolder, {recursive: true});
    writeFileSync(
      join(dataFolder, 'meta.properties'),
      `version=1\ncluster.id=${clusterId}\nnode.id=${id}\ndirectory.id=${kafkaUuid()}\n`,
    );
    if (!role.includes('controller')) return;
    mkdirSync(join(dataFolder, '__cluster_metadata-0'));
    copyFileSync(this.#files.bootstrapCheckpoint, join(dataFolder, checkpointPath));
  }
}
