import type {Clock} from '../../common/clock.ts';
import type {GroupGeneration, GroupMember, GroupOptions} from '../client.ts';
import type {GroupCoordinator} from './group-coordinator.ts';

/** Heartbeats per session timeout, as Kafka's defaults (3 s of 45 s would be 15) but never fewer than three. */
const HEARTBEATS_PER_SESSION = 5;

/** One member of a consumer group. */
export class EmbeddedGroupMember implements GroupMember {
  readonly #options: GroupOptions;
  readonly #coordinator: GroupCoordinator;
  readonly #clock: Clock;
  #memberId: string | undefined;
  #stopHeartbeats: (() => void) | undefined;

  constructor(options: GroupOptions, coordinator: GroupCoordinator, clock: Clock) {
    this.#options = options;
    this.#coordinator = coordinator;
    this.#clock = clock;
  }

  /** @throws the signal's reason when it aborts first; the member has left the group then. */
  async join(signal?: AbortSignal): Promise<GroupGeneration> {
    signal?.throwIfAborted();
    const joined = this.#coordinator.join(this.#options, this.#memberId, (memberId) => {
      this.#memberId = memberId;
      this.#stopHeartbeats ??= this.#clock.every(
        this.#options.sessionTimeoutMs / HEARTBEATS_PER_SESSION,
        () => this.#heartbeat(),
      );
    });
    const onAbort = (): void => this.#quit();
    signal?.addEventListener('abort', onAbort, {once: true});
    try {
      return await joined;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** A static member keeps its place until its session times out, so that a restart does not rebalance the group. */
  async leave(): Promise<void> {
    const {instanceId, releasesPlace} = this.#options;
    if (instanceId === undefined || releasesPlace === true) this.#quit();
    else this.stop();
  }

  /** Falls silent, as a process that dies. */
  stop(): void {
    this.#stopHeartbeats?.();
    this.#stopHeartbeats = undefined;
  }

  #quit(): void {
    this.stop();
    const memberId = this.#memberId;
    this.#memberId = undefined;
    if (memberId !== undefined) this.#coordinator.leave(this.#options.groupId, memberId);
  }

  #heartbeat(): void {
    const id = this.#memberId;
    if (id === undefined || this.#coordinator.heartbeat(this.#options.groupId, id)) return;
    this.stop();
  }
}
