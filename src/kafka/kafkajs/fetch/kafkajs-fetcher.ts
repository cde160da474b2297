import {FatalError, ServiceError} from '../../../common/errors.ts';
import type {FetchedPartition, Fetcher, FetcherOptions, TopicPartition} from '../../client.ts';
import {doneOrAborted} from '../../../common/aborted.ts';
import {BrokerError} from '../connection/broker-error.ts';
import {check} from '../connection/cluster.ts';
import type {Cluster} from '../connection/cluster.ts';
import {errorCode, isRetriable} from '../protocol/error-code.ts';
import {fetchRequest} from '../protocol/fetch.ts';
import type {FetchedData} from '../protocol/fetch.ts';
import {partitionName} from '../protocol/topic-partitions.ts';
import {AssignedPartition} from './assigned-partition.ts';
import {checkIncarnation} from './check-incarnation.ts';
import {fetchError} from './fetch-error.ts';
import {readRecords} from './read-records.ts';

const DEFAULT_PARTITION_BYTES = 1 << 20;
/** Of one answer (`fetch.max.bytes`). */
const MAX_ANSWER_BYTES = 8 << 20;
/** Fetching stops while so much has arrived and not been taken. */
const MAX_WAITING_BYTES = 16 << 20;
/** How long a broker holds a fetch that finds nothing (`fetch.max.wait.ms`). */
const LONG_POLL_MS = 500;
/** Fetches that one broker holds at a time, each on a connection of its own. */
const LONG_POLLS = 3;
const RETRY_MS = 50;

interface Request {
  readonly partition: AssignedPartition;
  readonly offset: number;
}

/**
 * Reads partitions by its own fetch loop, one answer ahead of its caller.
 *
 * Each broker holds long polls for the partitions of which nothing has arrived; what becomes fetchable meanwhile is
 * asked for on another connection. `poll(0)` asks anew in any case: a long poll tells only what stood in the log when it
 * was sent.
 */
export class KafkajsFetcher implements Fetcher {
  readonly #cluster: Cluster;
  readonly #lane: string;
  readonly #options: FetcherOptions;
  readonly #partitions = new Map<string, AssignedPartition>();
  /** Requests under way, by broker and connection. */
  readonly #busy = new Set<string>();
  /** Fetches under way that do not wait at the broker, by leader. */
  readonly #asking = new Map<number, Promise<void>>();
  #waiting = new Set<() => void>();
  /** Since the last poll looked. */
  #newsCount = 0;
  #tick = 0;
  #failure: unknown;
  #isPumping = false;
  readonly #closed = new AbortController();

  constructor(cluster: Cluster, lane: string, options: FetcherOptions) {
    this.#cluster = cluster;
    this.#lane = lane;
    this.#options = options;
  }

  assign(topicPartition: TopicPartition, offset: number): void {
    const {maxPartitionBytes = DEFAULT_PARTITION_BYTES} = this.#options;
    const partition = new AssignedPartition(topicPartition, offset, maxPartitionBytes);
    this.#partitions.set(partition.name, partition);
  }

  unassign(topicPartition: TopicPartition): void {
    this.#partitions.delete(partitionName(topicPartition));
  }

  pause(topicPartition: TopicPartition): void {
    const partition = this.#partitions.get(partitionName(topicPartition));
    if (partition !== undefined) partition.isPaused = true;
  }

  resume(topicPartition: TopicPartition): void {
    const partition = this.#partitions.get(partitionName(topicPartition));
    if (partition !== undefined) partition.isPaused = false;
  }

  position(topicPartition: TopicPartition): number | undefined {
    return this.#partitions.get(partitionName(topicPartition))?.position;
  }

  async poll(maxWaitMs: number, signal?: AbortSignal): Promise<readonly FetchedPartition[]> {
    const {clock} = this.#cluster;
    const deadline = clock.now() + maxWaitMs;
    let hasNews = this.#hasRecords();
    if (maxWaitMs === 0) {
      const fresh = this.#askAnew();
      if (!hasNews) await doneOrAborted(fresh, signal);
      hasNews = true;
    }
    for (;;) {
      this.#throwFailure();
      void this.#pump();
      const left = deadline - clock.now();
      if (hasNews || this.#hasRecords() || left <= 0 || signal?.aborted === true) break;
      await this.#news(left, signal);
      hasNews = this.#newsCount > 0;
    }
    const answers = this.#handOut();
    void this.#pump();
    // Whoever polls in a loop must let the answers come in.
    if (answers.length === 0) await clock.yield();
    return answers;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#partitions.clear();
    this.#wake();
    await this.#cluster.closeLane(this.#lane);
  }

  #hasRecords(): boolean {
    for (const {isPaused, answer} of this.#partitions.values()) {
      if (!isPaused && answer !== undefined && answer.data.records.length > 0) return true;
    }
    return false;
  }

  #handOut(): FetchedPartition[] {
    this.#newsCount = 0;
    const read = [...this.#partitions.values()].flatMap((partition) => {
      const {answer, isPaused, topicPartition, position} = partition;
      if (isPaused || answer === undefined) return [];
      return {
        partition,
        answer,
        found: readRecords(answer.data, topicPartition, position, this.#options),
      };
    });
    return read.map(({partition, answer, found}) => {
      const {data, sentAt, arrivedAt} = answer;
      // Not even one whole batch: ask for more of it.
      if (data.records.length > 0 && found.position === partition.position) partition.maxBytes *= 2;
      partition.answer = undefined;
      partition.position = found.position;
      const {highWatermark, lastStableOffset} = data;
      return {
        ...partition.topicPartition,
        ...found,
        highWatermark,
        lastStableOffset,
        sentAt,
        arrivedAt,
      };
    });
  }

  /** Resolves with the next news, after `ms`, or when the signal aborts. */
  #news(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#newsCount > 0 || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const cancel = this.#cluster.clock.after(ms, wake);
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake, {once: true});
    });
  }

  #wake(): void {
    this.#newsCount++;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  }

  /** Sends long polls for what nothing is known of. */
  async #pump(): Promise<void> {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    try {
      if (this.#waitingBytes() >= MAX_WAITING_BYTES) return;
      const fetchable = [...this.#partitions.values()].filter(({isFetchable}) => isFetchable);
      if (fetchable.length === 0) return;
      for (const [leader, partitions] of await this.#byLeader(fetchable)) {
        if (leader === undefined) {
          void this.#awaitLeader(partitions);
          continue;
        }
        const slot = this.#freeSlot(leader);
        if (slot === undefined) continue;
        const still = partitions.filter(({isFetchable}) => isFetchable);
        if (still.length > 0) void this.#fetch(leader, slot, still, LONG_POLL_MS);
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#isPumping = false;
    }
  }

  /** Asks each broker once for all of which nothing has arrived, without waiting there. */
  async #askAnew(): Promise<void> {
    const unanswered = [...this.#partitions.values()].filter(({isUnanswered}) => isUnanswered);
    if (unanswered.length === 0) return;
    try {
      const byLeader = await this.#byLeader(unanswered);
      await Promise.all(
        [...byLeader].map(async ([leader, partitions]) => {
          if (leader === undefined) return this.#awaitLeader(partitions);
          // One at a time: who finds it under way waits for it, and asks again if that was too early.
          const asking =
            this.#asking.get(leader) ??
            this.#fetch(leader, `${this.#lane} ${leader} now`, partitions, 0).finally(() =>
              this.#asking.delete(leader),
            );
          this.#asking.set(leader, asking);
          await asking;
        }),
      );
    } catch (error) {
      this.#failed(error);
    }
  }

  #freeSlot(leader: number): string | undefined {
    for (let i = 0; i < LONG_POLLS; i++) {
      const slot = `${this.#lane} ${leader} ${i}`;
      if (!this.#busy.has(slot)) return slot;
    }
    return undefined;
  }

  async #fetch(
    leader: number,
    slot: string,
    partitions: readonly AssignedPartition[],
    maxWaitMs: number,
  ): Promise<void> {
    const requests = partitions.map((partition): Request => ({
      partition,
      offset: partition.position,
    }));
    this.#busy.add(slot);
    for (const {partition} of requests) partition.inFlight++;
    const sentAt = ++this.#tick;
    let failure: unknown;
    try {
      const response = await this.#cluster.send(
        slot,
        leader,
        fetchRequest({
          maxWaitMs,
          maxBytes: MAX_ANSWER_BYTES,
          isolation: this.#options.isolation,
          partitions: requests.map(({partition, offset}) => ({
            topicId: partition.topicId as string,
            partition: partition.topicPartition.partition,
            leaderEpoch: this.#cluster.leaderOf(partition.topicPartition)?.leaderEpoch ?? -1,
            offset,
            maxBytes: partition.maxBytes,
          })),
        }),
      );
      check(response.error, 'fetching');
      failure = this.#arrived(requests, response.partitions, sentAt, ++this.#tick);
    } catch (error) {
      failure = error;
    }
    for (const {partition} of requests) partition.inFlight--;
    if (failure !== undefined) await this.#recover(failure, partitions);
    this.#busy.delete(slot);
    if (!this.#isClosed) void this.#pump();
  }

  /** Takes the answers; returns the first error among them. */
  #arrived(
    requests: readonly Request[],
    answers: readonly FetchedData[],
    sentAt: number,
    arrivedAt: number,
  ): unknown {
    const byId = new Map(
      requests.map((request) => [
        `${request.partition.topicId}-${request.partition.topicPartition.partition}`,
        request,
      ]),
    );
    let failure: unknown;
    let hasNews = false;
    for (const data of answers) {
      const request = byId.get(`${data.topicId}-${data.partition}`);
      if (request === undefined) continue;
      const {partition, offset} = request;
      if (this.#partitions.get(partition.name) !== partition) continue;
      if (data.error === errorCode.none) {
        partition.failingSince = undefined;
        if (partition.take({data, sentAt, arrivedAt}, offset)) hasNews = true;
      } else if (offset === partition.position) {
        failure ??= fetchError(data, partition, offset);
      }
    }
    if (hasNews) this.#wake();
    return failure;
  }

  /** An election gives them one soon; the partitions of other leaders are read meanwhile. */
  async #awaitLeader(partitions: readonly AssignedPartition[]): Promise<void> {
    for (const partition of partitions) partition.inFlight++;
    const doing = `reading ${partitions.map(({name}) => name).join(', ')}`;
    await this.#recover(new BrokerError(errorCode.leaderNotAvailable, doing), partitions);
    for (const partition of partitions) partition.inFlight--;
    void this.#pump();
  }

  /** Waits before the next try; gives up what cannot pass, or has not for long. */
  async #recover(failure: unknown, partitions: readonly AssignedPartition[]): Promise<void> {
    if (this.#isClosed) return;
    const {clock, apiTimeoutMs} = this.#cluster;
    if (
      failure instanceof ServiceError ||
      (failure instanceof BrokerError && !isRetriable(failure.code))
    ) {
      this.#failed(failure);
      return;
    }
    const now = clock.now();
    for (const partition of partitions) partition.failingSince ??= now;
    const since = Math.min(...partitions.map(({failingSince = now}) => failingSince));
    if (now - since >= apiTimeoutMs) {
      this.#failed(this.#cluster.unreachable('fetching', failure));
      return;
    }
    await clock.sleep(RETRY_MS, this.#closed.signal);
    try {
      await this.#refresh(partitions);
      this.#checkIncarnations();
    } catch (error) {
      if (error instanceof FatalError) this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (this.#isClosed) return;
    this.#failure ??= error;
    this.#wake();
  }

  #throwFailure(): void {
    const failure = this.#failure;
    if (failure === undefined) return;
    this.#failure = undefined;
    for (const partition of this.#partitions.values()) partition.failingSince = undefined;
    throw failure;
  }

  #waitingBytes(): number {
    let bytes = 0;
    for (const {answer} of this.#partitions.values()) bytes += answer?.data.records.length ?? 0;
    return bytes;
  }

  /** The leaders, looked up anew where one is missing; under undefined the partitions that have none now. */
  async #byLeader(
    partitions: readonly AssignedPartition[],
  ): Promise<ReadonlyMap<number | undefined, readonly AssignedPartition[]>> {
    const leaders = this.#cluster.byLeader(partitions, topicPartitionOf);
    if (!this.#cluster.isStale && !leaders.has(undefined)) {
      this.#checkIncarnations();
      return leaders;
    }
    await this.#cluster.retry(
      'looking for the leaders of partitions',
      () => this.#refresh(partitions),
      this.#closed,
    );
    this.#checkIncarnations();
    return this.#cluster.byLeader(partitions, topicPartitionOf);
  }

  #refresh(partitions: readonly AssignedPartition[]): Promise<void> {
    const topics = new Set(partitions.map(({topicPartition}) => topicPartition.topic));
    return this.#cluster.refresh([...topics]);
  }

  get #isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  /** @throws FatalError KAFKA_TOPIC_RECREATED when a topic is another one than the one that was read so far. */
  #checkIncarnations(): void {
    for (const partition of this.#partitions.values()) {
      checkIncarnation(partition, this.#cluster.topicIdOf(partition.topicPartition.topic));
    }
  }
}

function topicPartitionOf({topicPartition}: AssignedPartition): TopicPartition {
  return topicPartition;
}
