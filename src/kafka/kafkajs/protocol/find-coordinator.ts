import {api} from './api-request.ts';
import type {ApiRequest} from './api-request.ts';
import type {BrokerAddress} from './metadata.ts';
import {Writer} from './writer.ts';

export type CoordinatorType = 'group' | 'transaction';

export function findCoordinatorRequest(
  type: CoordinatorType,
  key: string,
): ApiRequest<BrokerAddress & {readonly error: number}> {
  const writer = new Writer();
  writer
    .string(key)
    .int8(type === 'group' ? 0 : 1)
    .tags();
  return {
    api: api.findCoordinator,
    body: writer.parts,
    read: (reader) => {
      reader.int32();
      const error = reader.int16();
      reader.nullableString();
      return {error, nodeId: reader.int32(), host: reader.string(), port: reader.int32()};
    },
  };
}
