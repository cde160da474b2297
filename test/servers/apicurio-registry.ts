import {serverPort} from '../support/server-port.ts';
import {apicurioUrl, startApicurio} from './apicurio-process.ts';
import {prepareServers} from './prepare-servers.ts';
import type {ServerProcess} from './server-process.ts';

/**
 * A real schema registry on 127.0.0.1 that speaks Confluent's API (version 7). Nothing is kept after `stop`. It dies with this process,
 * on Linux also when this process is killed.
 */
export class ApicurioRegistry {
  /** Base address of Confluent's API. */
  readonly url: string;
  readonly #server: ServerProcess;

  private constructor(url: string, server: ServerProcess) {
    this.url = url;
    this.#server = server;
  }

  static async start(): Promise<ApicurioRegistry> {
    const {apicurio} = await prepareServers();
    const port = await serverPort();
    const registry = new ApicurioRegistry(apicurioUrl(port), await startApicurio(apicurio, port));
    try {
      await registry.#setCompatibility();
    } catch (error) {
      await registry.stop();
      throw error;
    }
    return registry;
  }

  async stop(): Promise<void> {
    await this.#server.end('SIGKILL');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** To what Confluent's has by default; here it is NONE. */
  async #setCompatibility(): Promise<void> {
    const response = await fetch(`${this.url}/config`, {
      method: 'PUT',
      headers: {'content-type': 'application/json'},
      body: JSON.stringify({compatibility: 'BACKWARD'}),
    });
    if (!response.ok) throw new Error(`PUT /config: ${response.status} ${await response.text()}`);
  }
}
