import {mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {makeLibraryLinks} from '../../src/demo/library-links.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-links-'));
  mkdirSync(join(directory, 'native', 'lib'), {recursive: true});
  writeFileSync(join(directory, 'native', 'lib', 'libpq.so.5.18'), 'the library');
});
afterEach(() => rmSync(directory, {recursive: true, force: true}));

function list(...targets: readonly string[]): void {
  const links = targets.map((target) => ({source: 'native/lib/libpq.so.5.18', target}));
  writeFileSync(join(directory, 'native', 'pg-symlinks.json'), JSON.stringify(links));
}

describe('makeLibraryLinks', () => {
  test('makes the links that are missing, relative, and leaves the others', () => {
    const [own, missing] = ['native/lib/libpq.so', 'native/lib/libpq.so.5'] as const;
    list(own, missing);
    writeFileSync(join(directory, own), 'a file');

    makeLibraryLinks(directory);
    makeLibraryLinks(directory);

    expect(readFileSync(join(directory, own), 'utf8')).toBe('a file');
    expect(readlinkSync(join(directory, missing))).toBe('libpq.so.5.18');
    expect(readFileSync(join(directory, missing), 'utf8')).toBe('the library');
  });

  test('has nothing to do for a platform that has no links', () => {
    expect(() => makeLibraryLinks(directory)).not.toThrow();
  });

  test('says what to do when a link cannot be made', () => {
    list('native/lib/libpq.so.5.18/libpq.so.5');

    expect(() => makeLibraryLinks(directory)).toThrow(
      /without its install script.*cannot be made.*run `npm rebuild`/,
    );
  });
});
