import type {Clock} from '../common/clock.ts';
import type {Component, ComponentState, ComponentStatus} from '../common/component.ts';
import type {Conditions} from '../common/conditions.ts';
import type {Logger} from '../common/logger.ts';

const CODE = 'INSTANCE_UNREACHABLE';
const INTERVAL_MS = 1000;
/** A single answer may be late. */
const SILENT_LOOKS = 2;

interface PeerWatchDeps {
  /** `application.server` of the instances of the group, its own included or not. */
  readonly instances: () => readonly string[];
  readonly own: () => string | undefined;
  /** Why an instance does not answer; undefined when it does. */
  readonly ask: (server: string) => Promise<string | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly conditions: Conditions;
}

interface Silence {
  readonly since: number;
  readonly looks: number;
}

/**
 * Tells of another instance that has died or hangs, before its session with the group ends: the condition
 * INSTANCE_UNREACHABLE, a warning, from the second look without an answer until the next answer, or until the group goes on without it.
 */
export class PeerWatch implements Component {
  readonly name = 'instances';
  readonly #deps: PeerWatchDeps;
  #state: ComponentState = 'starting';
  #silent: ReadonlyMap<string, Silence> = new Map();

  constructor(deps: PeerWatchDeps) {
    this.#deps = deps;
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#state = 'running';
    while (!signal.aborted) {
      await this.look();
      await this.#deps.clock.sleep(INTERVAL_MS, signal);
    }
    this.#state = 'stopped';
  }

  status(): ComponentStatus {
    return {state: this.#state};
  }

  /** Asks each of them once. */
  async look(): Promise<void> {
    const {instances, own, ask} = this.#deps;
    const self = own();
    const others = instances().filter((server) => server !== self);
    const before = this.#silent;
    for (const server of before.keys()) {
      if (!others.includes(server)) this.#isBack(server);
    }
    const found = await Promise.all(
      others.map(async (server) => [server, await ask(server)] as const),
    );
    const silent = new Map<string, Silence>();
    for (const [server, reason] of found) {
      if (reason === undefined) {
        if (before.has(server)) this.#isBack(server);
        continue;
      }
      const {since, looks} = before.get(server) ?? {since: this.#deps.clock.now(), looks: 0};
      const silence = {since, looks: looks + 1};
      silent.set(server, silence);
      this.#isSilent(server, silence, reason);
    }
    this.#silent = silent;
  }

  #isSilent(server: string, {since, looks}: Silence, reason: string): void {
    if (looks < SILENT_LOOKS) return;
    const {conditions, logger} = this.#deps;
    const subject = subjectOf(server);
    const message = `The instance at ${server} has not answered since ${new Date(since).toISOString()} (${reason}). If it has died, its tasks wait until its session ends (session.timeout.ms) and go on at others by themselves; if it runs, check its application.server and the network.`;
    conditions.raise({code: CODE, subject, message, severity: 'warning'});
    if (looks === SILENT_LOOKS) logger.warn({code: CODE, subject}, message);
  }

  #isBack(server: string): void {
    this.#deps.conditions.clear(CODE, subjectOf(server));
  }
}

function subjectOf(server: string): string {
  return `instance ${server}`;
}
