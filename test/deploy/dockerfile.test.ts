import {readFileSync} from 'node:fs';
import {DockerfileParser} from 'dockerfile-ast';
import {ValidationSeverity, validate} from 'dockerfile-utils';
import {describe, expect, test} from 'vitest';
import {contextFiles, gitFiles} from './build-context.ts';

const text = readFileSync('Dockerfile', 'utf8');

/** Everything that the linter can find, as an error. */
function lint(content: string): readonly string[] {
  const severity = ValidationSeverity.ERROR;
  return validate(content, {
    deprecatedMaintainer: severity,
    directiveCasing: severity,
    emptyContinuationLine: severity,
    instructionCasing: severity,
    instructionCmdMultiple: severity,
    instructionEntrypointMultiple: severity,
    instructionHealthcheckMultiple: severity,
    instructionJSONInSingleQuotes: severity,
    instructionWorkdirRelative: severity,
  }).map(({message}) => (typeof message === 'string' ? message : message.value));
}

describe('the Dockerfile', () => {
  test('has nothing for the linter to say', () => {
    expect(lint(text)).toEqual([]);
  });

  test.each([
    ['an unknown instruction', 'VOLUME', 'VOLUMES', /Unknown instruction: VOLUMES/],
    ['an unknown flag', '--chown', '--owner', /Unknown flag: owner/],
    ['a relative WORKDIR', 'WORKDIR /app', 'WORKDIR app', /absolute/],
    ['quotes that make no JSON', /CMD \["start.*/, "CMD ['start']", /double quotes/],
    ['no port that there is', 'EXPOSE 8080', 'EXPOSE web', /Invalid/],
    ['no duration', '--timeout=5s', '--timeout=5', /missing unit|duration/i],
  ])('is refused with %s', (_what, right, wrong, message) => {
    expect(lint(text.replace(right, wrong)).join('\n')).toMatch(message);
  });

  test('builds and runs on the same slim image of Node', () => {
    const stages = DockerfileParser.parse(text)
      .getFROMs()
      .map((from) => from.getImage());

    expect(stages).toEqual(['node:24-slim', 'node:24-slim']);
  });

  test('sees what it copies and nothing else', () => {
    const files = contextFiles(gitFiles());

    expect(files).toEqual(expect.arrayContaining(['package-lock.json', 'src/main.ts', '.npmrc']));
    expect(new Set(files.map((file) => file.split('/')[0]))).toEqual(
      new Set(['.npmrc', 'package-lock.json', 'package.json', 'page', 'src', 'tsconfig.json']),
    );
  });
});
