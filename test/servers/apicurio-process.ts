import {join} from 'node:path';
import {jvmFlags} from './java.ts';
import {ServerProcess} from './server-process.ts';

/** What the registry runs from. */
export interface ApicurioFiles {
  readonly folder: string;
  /** Name of the jar in `folder`. */
  readonly jar: string;
  /** The JVM's flag for the class archive. */
  readonly archiveFlag: string;
}

/** Where a registry on this port speaks Confluent's API. */
export function apicurioUrl(port: number): string {
  return `http://127.0.0.1:${port}/apis/ccompat/v7`;
}

/** An Apicurio Registry that keeps its schemas in memory; resolves when it answers. */
export function startApicurio(files: ApicurioFiles, port: number): Promise<ServerProcess> {
  return ServerProcess.start({
    name: 'apicurio registry',
    args: [
      ...jvmFlags,
      '-Xmx192m',
      files.archiveFlag,
      '-Dquarkus.http.host=127.0.0.1',
      `-Dquarkus.http.port=${port}`,
      '-Dquarkus.log.level=WARN',
      '-jar',
      join(files.folder, files.jar),
    ],
    cwd: files.folder,
    isReady: () => answers(`${apicurioUrl(port)}/subjects`),
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).status === 200;
  } catch {
    // It does not listen yet.
    return false;
  }
}
