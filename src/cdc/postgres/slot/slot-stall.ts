/** How far the source and the server are, at one moment. */
export interface StreamProgress {
  /** Milliseconds. */
  readonly now: number;
  readonly walEnd: bigint;
  readonly received: bigint;
  readonly confirmed: bigint;
}

/** Since when something has not moved although there is WAL that it has not passed. */
export interface StallState {
  readonly received: bigint;
  readonly receivedSince: number;
  readonly confirmed: bigint;
  readonly confirmedSince: number;
}

export interface Stall {
  /** `received`: nothing arrives; `confirmed`: what arrives does not become durable in Kafka. */
  readonly kind: 'received' | 'confirmed';
  readonly forMs: number;
  /** WAL that waits. */
  readonly bytes: bigint;
}

/** The header of a WAL page, and room: a position at the edge of a page may be told with or without it. */
const toleratedBytes = 64n;

/** The state after one more look; `before` is undefined at the first. */
export function stallState(
  before: StallState | undefined,
  {now, walEnd, received, confirmed}: StreamProgress,
): StallState {
  const isStill = (position: bigint, last: bigint | undefined): boolean =>
    position === last && walEnd > position + toleratedBytes;
  return {
    received,
    receivedSince: isStill(received, before?.received) ? (before?.receivedSince ?? now) : now,
    confirmed,
    confirmedSince: isStill(confirmed, before?.confirmed) ? (before?.confirmedSince ?? now) : now,
  };
}

/** What has stood still for `limitMs` or longer; what does not arrive cannot be confirmed, so that comes first. */
export function stallOf(
  state: StallState,
  {now, walEnd, received, confirmed}: StreamProgress,
  limitMs: number,
): Stall | undefined {
  const stall = (kind: Stall['kind'], since: number, position: bigint): Stall | undefined =>
    now - since >= limitMs ? {kind, forMs: now - since, bytes: walEnd - position} : undefined;
  return (
    stall('received', state.receivedSince, received) ??
    stall('confirmed', state.confirmedSince, confirmed)
  );
}
