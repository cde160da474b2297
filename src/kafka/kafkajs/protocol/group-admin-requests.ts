import type {GroupMemberDescription} from '../../client.ts';
import {api} from './api-request.ts';
import type {ApiRequest} from './api-request.ts';
import {Writer} from './writer.ts';

export interface DescribedGroup {
  readonly error: number;
  readonly members: readonly GroupMemberDescription[];
}

export function describeGroupRequest(groupId: string): ApiRequest<DescribedGroup> {
  const writer = new Writer();
  writer.array([groupId], (id) => writer.string(id));
  writer.boolean(false).tags();
  return {
    api: api.describeGroups,
    body: writer.parts,
    read: (reader) => {
      reader.int32();
      const [group] = reader.array(() => {
        const error = reader.int16();
        // Group, its state, protocol type and protocol.
        for (let i = 0; i < 4; i++) reader.string();
        const members = reader.array(() => {
          const memberId = reader.string();
          const instanceId = reader.nullableString() ?? undefined;
          reader.string();
          const host = reader.string().replace(/^\//, '');
          // What it told of itself, and what it was assigned.
          reader.nullableBytes();
          reader.nullableBytes();
          reader.tags();
          return {memberId, instanceId, host};
        });
        reader.int32();
        reader.tags();
        return {error, members};
      });
      return group as DescribedGroup;
    },
  };
}

export function deleteGroupRequest(groupId: string): ApiRequest<number> {
  const writer = new Writer();
  writer.array([groupId], (id) => writer.string(id));
  writer.tags();
  return {
    api: api.deleteGroups,
    body: writer.parts,
    read: (reader) => {
      reader.int32();
      const [error] = reader.array(() => {
        reader.string();
        const found = reader.int16();
        reader.tags();
        return found;
      });
      return error as number;
    },
  };
}
