import {readFileSync} from 'node:fs';

/** Flags with which Node writes the packages that it has loaded, one a line, to a file when it ends by itself. */
export function recordPackages(file: string): readonly string[] {
  const code = `
    import module from 'node:module';
    import {writeFileSync} from 'node:fs';
    process.on('exit', () => {
      const paths = [...Object.keys(module._cache), ...process.report.getReport().sharedObjects];
      const names = paths.flatMap((path) => /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(path)?.[1] ?? []);
      writeFileSync(${JSON.stringify(file)}, [...new Set(names)].sort().join('\\n'));
    });`;
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
}

export function loadedPackages(file: string): readonly string[] {
  return readFileSync(file, 'utf8').split('\n');
}
