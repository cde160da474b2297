import {readFileSync} from 'node:fs';

/** The version of this package. */
export function packageVersion(): string {
  // One folder up from here, and from the bundle.
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as {readonly version: string}).version;
}
