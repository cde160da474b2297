/** What the leader tells a member besides its partitions. */
export interface AssignmentInfo {
  /** The ids of the tasks of others that it keeps warm. */
  readonly standbys: readonly string[];
  /** The instances that can be asked, by their `application.server`, with the ids of the tasks that each runs. */
  readonly tasksByServer: ReadonlyMap<string, readonly string[]>;
}

export const NO_INFO: AssignmentInfo = {standbys: [], tasksByServer: new Map()};

const VERSION = 1;

export function encodeAssignmentInfo({standbys, tasksByServer}: AssignmentInfo): Buffer {
  const servers = Object.fromEntries(tasksByServer);
  return Buffer.from(JSON.stringify({version: VERSION, standby: standbys, servers}));
}

/** A leader that tells nothing, or something of another version, wants nothing kept warm and knows nobody's address. */
export function decodeAssignmentInfo(bytes: Buffer): AssignmentInfo {
  if (bytes.length === 0) return NO_INFO;
  let told: {version?: unknown; standby?: unknown; servers?: unknown} | null;
  try {
    told = JSON.parse(bytes.toString()) as typeof told;
  } catch {
    return NO_INFO;
  }
  if (told?.version !== VERSION) return NO_INFO;
  return {
    standbys: texts(told.standby),
    tasksByServer: new Map(
      Object.entries(told.servers ?? {}).map(([server, tasks]) => [server, texts(tasks)]),
    ),
  };
}

function texts(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.map(String) : [];
}
