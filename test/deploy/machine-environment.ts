import {delimiter} from 'node:path';

/** How npm reaches its registry and cache here, and how anything is found at all. */
const kept =
  /^(PATH|HOME|TMPDIR|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|(https?|no)_proxy|npm_config_(registry|cache|userconfig|globalconfig|cafile))$/i;

/** The environment of a clean shell on this machine: nothing of the test run, of npm's script or of this package. */
export function machineEnvironment(): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env))
    if (value !== undefined && kept.test(name)) environment[name] = value;
  const path = (environment['PATH'] ?? '').split(delimiter);
  environment['PATH'] = path.filter((folder) => !folder.includes('node_modules')).join(delimiter);
  return environment;
}
