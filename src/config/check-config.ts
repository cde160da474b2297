import {checkTogether} from './check-together.ts';
import {configFromFile} from './config-from-file.ts';
import type {Config} from './config.ts';
import {FilePaths} from './file-paths.ts';
import type {KeyPath} from './mistake.ts';
import type {RawConfig} from './raw-config.ts';
import {reportIssues} from './report-issues.ts';
import {configSchema, singleSections} from './schema.ts';

/**
 * The configuration that `raw` describes; undefined when `raw.mistakes` has something in it, all of it.
 *
 * Relative paths in the file start at its folder, others at `workingDirectory`.
 */
export function checkConfig(
  raw: RawConfig,
  file: string | undefined,
  workingDirectory: string,
): Config | undefined {
  const refused: KeyPath[] = [];
  const result = configSchema.safeParse({...raw.root});
  const issues = (result.error?.issues ?? []).filter(
    ({code, path}) => code === 'unrecognized_keys' || !raw.isWrong(path.map(String)),
  );
  reportIssues(raw, issues);
  for (const issue of issues)
    if (issue.code === 'invalid_union' && issue.message !== 'is required')
      refused.push(issue.path.slice(0, -1).map(String));
  const paths = new FilePaths(raw, file, workingDirectory);
  checkTogether(raw, paths);
  raw.mistakes = raw.mistakes.filter(({path}) => !isDetail(path, refused));
  if (raw.mistakes.length > 0 || result.data === undefined) return undefined;
  return configFromFile(result.data, file, paths);
}

/**
 * Whether a mistake is about the inside of something that is refused as a whole: a sink of another kind has other keys,
 * and what stands under a key that takes text may be a secret.
 */
function isDetail(path: KeyPath, refused: readonly KeyPath[]): boolean {
  const [top = ''] = path;
  const deepest = top === 'sources' || top === 'sinks' ? 3 : top in singleSections ? 2 : 1;
  return (
    path.length > deepest ||
    (path.at(-1) !== 'connector' &&
      refused.some((section) => path.length > section.length && isWithin(path, section)))
  );
}

function isWithin(path: KeyPath, section: KeyPath): boolean {
  return section.every((name, at) => name === path[at]);
}
