import {execFile} from 'node:child_process';
import {existsSync, mkdirSync, renameSync, statSync} from 'node:fs';
import {basename, dirname, join, resolve} from 'node:path';
import {promisify} from 'node:util';
import {DockerfileParser, From} from 'dockerfile-ast';
import type {Copy, Env, Instruction} from 'dockerfile-ast';
import {machineEnvironment} from './machine-environment.ts';

const run = promisify(execFile);

/**
 * What a Dockerfile makes, in folders of this machine instead of layers: each stage has one for its `/`, and its programs are this machine's own,
 * whatever the base image.
 */
export interface BuiltImage {
  /** The folder that is `/`. */
  readonly root: string;
  /** In the image. */
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** As written: `1000:1000`; empty for root. */
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
}

type Stage = {-readonly [K in keyof BuiltImage]: BuiltImage[K]} & {readonly name: string | null};

/**
 * Carries the instructions out, one after the other. `context` is the folder that COPY takes from.
 *
 * @throws Error for an instruction that it does not know, and for a command that fails, with its output.
 */
export async function buildImage(
  dockerfile: string,
  {context, directory}: {readonly context: string; readonly directory: string},
): Promise<BuiltImage> {
  const stages: Stage[] = [];
  for (const instruction of DockerfileParser.parse(dockerfile).getInstructions()) {
    if (instruction instanceof From) {
      const root = join(directory, `stage-${stages.length}`);
      mkdirSync(root);
      stages.push(newStage(root, instruction.getBuildStage()));
    } else {
      const stage = stages.at(-1);
      if (stage === undefined) throw new Error(`${instruction.toString()} stands before FROM`);
      await carryOut(instruction, stage, {stages, context});
    }
  }
  return stages.at(-1) as Stage;
}

function newStage(root: string, name: string | null): Stage {
  return {
    root,
    name,
    workingDirectory: '/',
    environment: {},
    user: '',
    entrypoint: [],
    command: [],
    healthCheck: [],
  };
}

async function carryOut(
  instruction: Instruction,
  stage: Stage,
  {stages, context}: {readonly stages: readonly Stage[]; readonly context: string},
): Promise<void> {
  const [word = ''] = instruction.getArguments().map((argument) => argument.getValue());
  switch (instruction.getKeyword()) {
    case 'WORKDIR':
      stage.workingDirectory = resolve(stage.workingDirectory, word);
      mkdirSync(join(stage.root, stage.workingDirectory), {recursive: true});
      break;
    case 'ENV':
      for (const property of (instruction as Env).getProperties())
        stage.environment = {
          ...stage.environment,
          [property.getName()]: property.getValue() ?? '',
        };
      break;
    case 'COPY':
      await copy(instruction as Copy, stage, {stages, context});
      break;
    case 'RUN':
      await run('/bin/sh', ['-c', instruction.getArgumentsContent() ?? ''], {
        cwd: join(stage.root, stage.workingDirectory),
        env: {...machineEnvironment(), ...stage.environment},
      });
      break;
    case 'USER':
      stage.user = word;
      break;
    case 'ENTRYPOINT':
      stage.entrypoint = execForm(instruction);
      break;
    case 'CMD':
      stage.command = execForm(instruction);
      break;
    case 'HEALTHCHECK':
      stage.healthCheck = execForm(instruction);
      break;
    case 'VOLUME':
    case 'EXPOSE':
      break;
    default:
      throw new Error(`${instruction.getKeyword()} is not known here`);
  }
}

async function copy(
  instruction: Copy,
  stage: Stage,
  {stages, context}: {readonly stages: readonly Stage[]; readonly context: string},
): Promise<void> {
  const flags = new Map(
    instruction.getFlags().map((flag) => [flag.getName(), flag.getValue() ?? '']),
  );
  const from = flags.get('from');
  const source = from === undefined ? context : stages.find(({name}) => name === from)?.root;
  if (source === undefined) throw new Error(`there is no stage ${from}`);
  const paths = instruction.getArguments().map((argument) => argument.getValue());
  const to = paths.at(-1) ?? '';
  const target = join(stage.root, resolve(stage.workingDirectory, to));
  const owner = flags.get('chown');
  for (const path of paths.slice(0, -1)) {
    const file = join(source, path);
    const isFolder = statSync(file).isDirectory();
    const copied = isFolder || !to.endsWith('/') ? target : join(target, basename(path));
    mkdirSync(from === undefined && isFolder ? copied : dirname(copied), {recursive: true});
    // A stage is there to be taken from, once: tens of thousands of files are not copied for that.
    if (from !== undefined && !existsSync(copied)) renameSync(file, copied);
    else if (isFolder) await run('cp', ['-a', `${file}/.`, copied]);
    else await run('cp', ['-a', file, copied]);
    if (owner !== undefined && process.getuid?.() === 0) await run('chown', ['-R', owner, copied]);
  }
}

/** The words of a command that is started without a shell, so that signals reach it. */
function execForm(instruction: Instruction): readonly string[] {
  const text = instruction.getArgumentsContent() ?? '';
  const start = text.indexOf('[');
  if (start < 0) throw new Error(`${instruction.getKeyword()} is not in exec form: ${text}`);
  return JSON.parse(text.slice(start)) as readonly string[];
}

/** Where a path of the image lies on this machine; what is no absolute path stays as it is. */
export function onThisMachine(image: BuiltImage, path: string): string {
  return path.startsWith('/') ? join(image.root, path) : path;
}

/** Whether the image has the path, given as in the image. */
export function imageHas(image: BuiltImage, path: string): boolean {
  return existsSync(join(image.root, path));
}
