const VERSION = 1;

/** The ids of the tasks that a member keeps warm, as the leader tells it. */
export function encodeStandbys(taskIds: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify({version: VERSION, standby: taskIds}));
}

/** A leader that tells nothing, or something of another version, wants nothing kept warm. */
export function decodeStandbys(bytes: Buffer): readonly string[] {
  if (bytes.length === 0) return [];
  try {
    const told = JSON.parse(bytes.toString()) as {version?: unknown; standby?: unknown} | null;
    const isKnown = told?.version === VERSION && Array.isArray(told.standby);
    return isKnown ? (told.standby as unknown[]).map(String) : [];
  } catch {
    return [];
  }
}
