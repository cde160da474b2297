import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {runTool} from '../../test/servers/java.ts';

/** What the Java side of the comparison runs from. */
export interface PeerFiles {
  readonly classpath: string;
  /** Of Connect and Streams. */
  readonly kafkaVersion: string;
  readonly brokerVersion: string;
  readonly debeziumVersion: string;
}

const pom = resolve('bench/peers/pom.xml');
const brokerPom = resolve('test/servers/pom.xml');
const sources = resolve('bench/peers/java');
const cache = resolve('node_modules/.cache/millrace-peers');

/** Debezium, Kafka Connect and Kafka Streams from Maven, and our programs compiled: once per machine and version, a download of 110 MB. */
export async function preparePeers(): Promise<PeerFiles> {
  const files = readdirSync(sources).map((name) => join(sources, name));
  const {stderr: java} = await runTool('java', ['-version']);
  const project = readFileSync(pom, 'utf8');
  const parts = [project, java, ...files.map((file) => readFileSync(file, 'utf8'))];
  const name = createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12);
  const home = join(cache, name);
  if (!existsSync(home)) {
    process.stderr.write('Fetching Debezium, Kafka Connect and Kafka Streams, once per machine\n');
    // Under another name until it is whole.
    const unfinished = `${home}.${process.pid}`;
    rmSync(unfinished, {recursive: true, force: true});
    const jars = join(unfinished, 'jars');
    mkdirSync(unfinished, {recursive: true});
    await runTool('mvn', ['-q', '-B', '-f', pom, `-Dout=${jars}`, 'process-resources']);
    const classes = join(unfinished, 'classes');
    await runTool('javac', ['-d', classes, '-cp', join(jars, '*'), ...files]);
    renameSync(unfinished, home);
  }
  return {
    classpath: [join(home, 'classes'), join(home, 'jars', '*')].join(':'),
    kafkaVersion: property(project, 'kafka.version'),
    brokerVersion: property(readFileSync(brokerPom, 'utf8'), 'kafka.version'),
    debeziumVersion: property(project, 'debezium.version'),
  };
}

function property(project: string, name: string): string {
  return new RegExp(`<${name}>([^<]+)<`).exec(project)?.[1] ?? 'unknown';
}
