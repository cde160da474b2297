const firstMs = 500;
/** So that what is over is noticed soon; an attempt is one connection. */
const longestMs = 5000;

/** How long to wait before attempt `attempt` (1 is the first retry): doubling, half of it random so that clients spread. */
export function backoffMs(attempt: number, random: () => number): number {
  const full = Math.min(longestMs, firstMs * 2 ** (attempt - 1));
  return full / 2 + (full / 2) * random();
}
