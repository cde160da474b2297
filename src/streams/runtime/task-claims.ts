/** What a member tells the leader of its tasks, so that they stay where their state is. */
export interface TaskClaims {
  /** The generation that `active` is of; of two that claim a task the later one had it. */
  readonly generationId: number;
  /** The tasks that it ran last, by id (`0_3`). */
  readonly active: readonly string[];
  /** The tasks of others that it kept warm last. */
  readonly standby: readonly string[];
  /**
   * Of each task whose stores it has on disk: where they stand in their changelogs, summed up. Meaningful only in
   * comparison with the other members' sums.
   */
  readonly offsets: ReadonlyMap<string, number>;
  /** `application.server`: where other instances reach it; undefined where it cannot be asked. */
  readonly server?: string | undefined;
}

export const NO_CLAIMS: TaskClaims = {
  generationId: -1,
  active: [],
  standby: [],
  offsets: new Map(),
};

const VERSION = 1;

export function encodeTaskClaims({offsets, ...claims}: TaskClaims): Buffer {
  return Buffer.from(
    JSON.stringify({version: VERSION, ...claims, offsets: Object.fromEntries(offsets)}),
  );
}

/** Bytes of a member that tells nothing, or that are of another version, claim nothing. */
export function decodeTaskClaims(bytes: Buffer): TaskClaims {
  if (bytes.length === 0) return NO_CLAIMS;
  let told: Partial<Record<keyof TaskClaims | 'version', unknown>>;
  try {
    told = JSON.parse(bytes.toString()) as typeof told;
  } catch {
    return NO_CLAIMS;
  }
  if (told === null || typeof told !== 'object' || told.version !== VERSION) return NO_CLAIMS;
  return {
    generationId: isOffset(told.generationId) ? told.generationId : -1,
    active: Array.isArray(told.active) ? told.active.map(String) : [],
    standby: Array.isArray(told.standby) ? told.standby.map(String) : [],
    offsets: new Map(
      Object.entries(told.offsets ?? {}).filter((entry): entry is [string, number] =>
        isOffset(entry[1]),
      ),
    ),
    ...(typeof told.server === 'string' && {server: told.server}),
  };
}

function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
