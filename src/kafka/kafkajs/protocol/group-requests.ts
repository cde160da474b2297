import type {GroupMetadata} from '../../client.ts';
import {api} from './api-request.ts';
import type {ApiRequest} from './api-request.ts';
import type {Reader} from './reader.ts';
import {Writer} from './writer.ts';

const PROTOCOL_TYPE = 'consumer';

export interface JoinGroupOptions {
  readonly groupId: string;
  /** Empty at first. */
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolName: string;
  readonly metadata: Buffer;
}

export interface JoinedMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly metadata: Buffer;
}

export interface JoinGroupResponse {
  readonly error: number;
  readonly generationId: number;
  readonly protocolName: string;
  readonly leader: string;
  readonly memberId: string;
  /** Empty for all but the leader. */
  readonly members: readonly JoinedMember[];
}

/** Answered when all members have joined, or at the end of the rebalance timeout. */
export function joinGroupRequest(options: JoinGroupOptions): ApiRequest<JoinGroupResponse> {
  const writer = new Writer();
  writer.string(options.groupId);
  writer.int32(options.sessionTimeoutMs).int32(options.rebalanceTimeoutMs);
  writer.string(options.memberId).nullableString(options.instanceId).string(PROTOCOL_TYPE);
  writer.array([options], ({protocolName, metadata}) =>
    writer.string(protocolName).bytesOf(metadata).tags(),
  );
  writer.tags();
  return {
    api: api.joinGroup,
    body: writer.parts,
    waitMs: options.rebalanceTimeoutMs,
    read: (reader) => {
      reader.int32();
      const error = reader.int16();
      const generationId = reader.int32();
      reader.nullableString();
      const protocolName = reader.string();
      const leader = reader.string();
      const memberId = reader.string();
      const members = reader.array(() => {
        const member = {
          memberId: reader.string(),
          instanceId: reader.nullableString(),
          // The response's buffer is not kept for it.
          metadata: Buffer.from(reader.nullableBytes() ?? []),
        };
        reader.tags();
        return member;
      });
      return {error, generationId, protocolName, leader, memberId, members};
    },
  };
}

export interface SyncGroupOptions extends GroupMetadata {
  readonly protocolName: string;
  /** From the leader only, by member id. */
  readonly assignments: ReadonlyMap<string, Buffer>;
  readonly waitMs: number;
}

/** Answered when the leader has sent the assignments. */
export function syncGroupRequest(
  options: SyncGroupOptions,
): ApiRequest<{readonly error: number; readonly assignment: Buffer}> {
  const writer = new Writer();
  writer.string(options.groupId).int32(options.generationId).string(options.memberId);
  writer.nullableString(options.instanceId ?? null);
  writer.string(PROTOCOL_TYPE).string(options.protocolName);
  writer.array([...options.assignments], ([memberId, assignment]) =>
    writer.string(memberId).bytesOf(assignment).tags(),
  );
  writer.tags();
  return {
    api: api.syncGroup,
    body: writer.parts,
    waitMs: options.waitMs,
    read: (reader) => {
      reader.int32();
      const error = reader.int16();
      reader.nullableString();
      reader.nullableString();
      return {error, assignment: Buffer.from(reader.nullableBytes() ?? [])};
    },
  };
}

export function heartbeatRequest(group: GroupMetadata): ApiRequest<number> {
  const writer = new Writer();
  writer.string(group.groupId).int32(group.generationId).string(group.memberId);
  writer.nullableString(group.instanceId ?? null).tags();
  return {api: api.heartbeat, body: writer.parts, read: readError};
}

export function leaveGroupRequest(
  groupId: string,
  memberId: string,
  instanceId: string | undefined,
): ApiRequest<number> {
  const writer = new Writer();
  writer.string(groupId);
  writer.array([memberId], (id) =>
    writer
      .string(id)
      .nullableString(instanceId ?? null)
      .tags(),
  );
  writer.tags();
  return {api: api.leaveGroup, body: writer.parts, read: readError};
}

function readError(reader: Reader): number {
  reader.int32();
  return reader.int16();
}
