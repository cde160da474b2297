import {execFileSync} from 'node:child_process';
import {cpSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import dockerignore from '@balena/dockerignore';
import type {Ignore} from '@balena/dockerignore';

/** Its types tell of a default export, which CommonJS does not have. */
const ignore = dockerignore as unknown as () => Ignore;

/** The files that Git has, as they stand; sorted. */
export function gitFiles(): readonly string[] {
  const names = execFileSync('git', ['ls-files', '-z', '--cached'], {encoding: 'utf8'});
  return names.split('\0').filter((name) => name !== '');
}

/** Those of the files that a builder gets to see. */
export function contextFiles(files: readonly string[]): readonly string[] {
  return ignore()
    .add(readFileSync('.dockerignore', 'utf8'))
    .filter([...files]);
}

/** Copies files of this folder, with their folders. */
export function copyFiles(files: readonly string[], directory: string): void {
  for (const file of files) cpSync(file, join(directory, file));
}
