/** How often to report to the server, and when its silence means that the connection is dead. */
export interface LivenessTimings {
  readonly statusIntervalMs: number;
  /** 0: never. */
  readonly silenceLimitMs: number;
}

const longestStatusIntervalMs = 10_000;
const longestCheckIntervalMs = 1_000;

/**
 * From the server's `wal_sender_timeout` (0: off).
 *
 * The server ends a connection that it has not heard of for that time, so it hears of us three times as often. It
 * answers each report that asks for it, so two timeouts of silence are a dead connection; `silenceLimitMs` overrides
 * that for servers that are silent for longer while they work through a huge transaction.
 */
export function livenessTimings(
  walSenderTimeoutMs: number,
  silenceLimitMs?: number,
): LivenessTimings {
  if (walSenderTimeoutMs === 0)
    return {statusIntervalMs: longestStatusIntervalMs, silenceLimitMs: silenceLimitMs ?? 0};
  return {
    statusIntervalMs: Math.min(longestStatusIntervalMs, Math.floor(walSenderTimeoutMs / 3)),
    silenceLimitMs: silenceLimitMs ?? walSenderTimeoutMs * 2,
  };
}

/** How often to look at the clock: a quarter of the shorter interval, so that neither is missed by much. */
export function checkIntervalMs({statusIntervalMs, silenceLimitMs}: LivenessTimings): number {
  const shortest =
    silenceLimitMs === 0 ? statusIntervalMs : Math.min(statusIntervalMs, silenceLimitMs);
  return Math.min(longestCheckIntervalMs, Math.ceil(shortest / 4));
}

/** What to do now: report to the server, or give the connection up. */
export function livenessAction(
  timings: LivenessTimings,
  now: number,
  lastStatusAt: number,
  lastReceivedAt: number,
  holding: boolean,
): 'none' | 'status' | 'dead' {
  // While we do not read, silence is ours.
  const silentFor = holding ? 0 : now - lastReceivedAt;
  if (timings.silenceLimitMs > 0 && silentFor >= timings.silenceLimitMs) return 'dead';
  return now - lastStatusAt >= timings.statusIntervalMs ? 'status' : 'none';
}
