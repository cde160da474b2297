import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync} from 'node:fs';
import {writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {serverPort} from '../support/server-port.ts';
import {apicurioUrl, startApicurio} from './apicurio-process.ts';
import type {ApicurioFiles} from './apicurio-process.ts';
import {withDirectoryLock} from './directory-lock.ts';
import {runTool} from './java.ts';
import {KafkaNode, checkpointPath, kafkaJvmFlags} from './kafka-node.ts';
import type {KafkaFiles} from './kafka-node.ts';
import {kafkaProperties} from './kafka-properties.ts';
import type {NodeConfig} from './kafka-properties.ts';
import {scramUser} from './kafka-security.ts';
import {kafkaUuid} from './kafka-uuid.ts';

export interface ServerFiles {
  readonly kafka: KafkaFiles;
  readonly apicurio: ApicurioFiles;
}

const pom = resolve('test/servers/pom.xml');
const cache = resolve('node_modules/.cache/millrace-servers');

const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
  '--add-scram',
  `${mechanism}=[name=${scramUser.username},password=${scramUser.password}]`,
]);

let prepared: Promise<ServerFiles> | undefined;

/**
 * The servers, ready to be started: jars from Maven, the metadata of a formatted cluster, and an archive of loaded classes for each,
 * which halves the time to start.
 *
 * Done once per machine and version (10 s and a download of 200 MB), kept below `node_modules/.cache`. Processes that need it at the
 * same time wait for the first; each piece appears whole, so a process that is killed leaves no half of one.
 */
export function prepareServers(): Promise<ServerFiles> {
  return (prepared ??= prepare());
}

async function prepare(): Promise<ServerFiles> {
  const {stderr: java} = await runTool('java', ['-version']);
  const parts = [readFileSync(pom, 'utf8'), java, ...scram, ...kafkaJvmFlags];
  const home = join(
    cache,
    createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12),
  );
  const kafkaArchive = join(home, 'kafka.jsa');
  const apicurioArchive = join(home, 'apicurio.jsa');
  const checkpoint = join(home, 'bootstrap.checkpoint');
  const pieces: readonly [string, (path: string) => Promise<void>][] = [
    [join(home, 'jars'), fetchJars],
    [checkpoint, (path) => makeCheckpoint(home, path)],
    [kafkaArchive, (path) => archiveKafka(home, path)],
    [apicurioArchive, (path) => archiveApicurio(home, path)],
  ];
  const isComplete = (): boolean => pieces.every(([path]) => existsSync(path));
  if (!isComplete()) {
    await withDirectoryLock(`${home}.lock`, async () => {
      if (isComplete()) return;
      process.stderr.write(
        'Fetching Apache Kafka and Apicurio Registry for tests, once per machine\n',
      );
      mkdirSync(home, {recursive: true});
      for (const [path, make] of pieces) await makeWhole(path, make);
    });
  }
  return {
    kafka: kafkaFiles(home, `-XX:SharedArchiveFile=${kafkaArchive}`),
    apicurio: apicurioFiles(home, `-XX:SharedArchiveFile=${apicurioArchive}`),
  };
}

/** Makes it under another name and renames it when it is whole. */
async function makeWhole(path: string, make: (path: string) => Promise<void>): Promise<void> {
  if (existsSync(path)) return;
  const unfinished = `${path}.${process.pid}`;
  rmSync(unfinished, {recursive: true, force: true});
  await make(unfinished);
  renameSync(unfinished, path);
}

async function fetchJars(folder: string): Promise<void> {
  await runTool('mvn', ['-q', '-B', '-f', pom, `-Dout=${folder}`, 'process-resources']);
}

async function makeCheckpoint(home: string, path: string): Promise<void> {
  const node = await soleNode(`${path}.data`);
  const file = `${path}.properties`;
  writeFileSync(file, kafkaProperties(node));
  const tool = 'kafka.tools.StorageTool';
  const {classpath} = kafkaFiles(home);
  const format = ['format', '--cluster-id', kafkaUuid(), '--config', file, ...scram];
  await runTool('java', [...kafkaJvmFlags, '-cp', classpath, tool, ...format]);
  renameSync(join(node.dataFolder, checkpointPath), path);
  for (const left of [node.dataFolder, file]) rmSync(left, {recursive: true});
}

/** The JVM writes the archive as it ends by SIGTERM; its jars must lie where they will lie. */
async function archiveKafka(home: string, path: string): Promise<void> {
  const config = await soleNode(`${path}.data`);
  const files = kafkaFiles(home, `-XX:ArchiveClassesAtExit=${path}`);
  const node = new KafkaNode(config, kafkaUuid(), files);
  await node.start();
  await node.end('SIGTERM');
  for (const left of [config.dataFolder, `${config.dataFolder}.properties`])
    rmSync(left, {recursive: true});
}

/** After one schema, so that the classes which a registration takes are loaded. */
async function archiveApicurio(home: string, path: string): Promise<void> {
  const port = await serverPort();
  const files = apicurioFiles(home, `-XX:ArchiveClassesAtExit=${path}`);
  const server = await startApicurio(files, port);
  await fetch(`${apicurioUrl(port)}/subjects/first/versions`, {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({schemaType: 'JSON', schema: '{"type": "object"}'}),
  });
  await server.end('SIGTERM');
}

function kafkaFiles(home: string, archiveFlag = '-Xshare:auto'): KafkaFiles {
  const folder = join(home, 'jars', 'kafka');
  const jars = readdirSync(folder).filter((name) => name.endsWith('.jar'));
  return {
    classpath: jars
      .toSorted()
      .map((name) => join(folder, name))
      .join(':'),
    bootstrapCheckpoint: join(home, 'bootstrap.checkpoint'),
    archiveFlag,
  };
}

function apicurioFiles(home: string, archiveFlag: string): ApicurioFiles {
  const folder = join(home, 'jars', 'apicurio');
  const jar = readdirSync(folder).find((name) => name.endsWith('-runner.jar'));
  if (jar === undefined) throw new Error(`no runner jar of Apicurio in ${folder}`);
  return {folder, jar, archiveFlag};
}

async function soleNode(dataFolder: string): Promise<NodeConfig> {
  const port = await serverPort();
  const controllerPort = await serverPort();
  return {
    id: 1,
    role: 'broker,controller',
    dataFolder,
    controllerPort,
    listeners: [
      {name: 'PLAINTEXT', protocol: 'PLAINTEXT', port, advertisedPort: port, clientAuth: false},
    ],
    voters: [`1@127.0.0.1:${controllerPort}`],
    brokerCount: 1,
    properties: {},
  };
}
