import type Connection from 'kafkajs/src/network/connection.js';
import type {Api} from '../protocol/api-request.ts';
import {Writer} from '../protocol/writer.ts';
import {ConnectionLostError} from './broker-error.ts';

/** One request as it goes over the wire. */
interface Frame {
  readonly api: Api;
  readonly clientId: string;
  readonly body: readonly Buffer[];
  readonly timeoutMs: number;
}

/** Bytes of the length that stands before each request. */
const LENGTH_BYTES = 4;

/**
 * Sends a request on an open connection and resolves with the bytes of its answer, from after the correlation id.
 *
 * The body goes to the socket as it is: `send` of kafkajs copies a request three times, twice into memory of up to twice
 * its size that it clears first.
 */
export async function exchange(
  connection: Connection,
  {api, clientId, body, timeoutMs}: Frame,
): Promise<Buffer> {
  // Again where the session of SASL has ended.
  await connection.authenticate();
  if (!connection.isConnected()) throw new ConnectionLostError('the connection has been closed');
  const correlationId = connection.nextCorrelationId();
  const parts = [header(api, clientId, correlationId), ...body];
  parts.unshift(lengthOf(parts));
  return new Promise((resolve, reject) => {
    connection.requestQueue.push({
      entry: {
        apiKey: api.key,
        apiName: api.name,
        apiVersion: api.version,
        correlationId,
        resolve: ({payload}) => resolve(payload),
        reject,
      },
      expectResponse: true,
      requestTimeout: timeoutMs,
      sendRequest: () => {
        const {socket} = connection;
        // One system call for all of them.
        socket.cork();
        for (const part of parts) socket.write(part);
        socket.uncork();
      },
    });
  });
}

/** Request header v2. */
function header({key, version}: Api, clientId: string, correlationId: number): Buffer {
  return new Writer().int16(key).int16(version).int32(correlationId).shortString(clientId).tags()
    .bytes;
}

function lengthOf(parts: readonly Buffer[]): Buffer {
  const length = Buffer.allocUnsafe(LENGTH_BYTES);
  length.writeInt32BE(parts.reduce((sum, part) => sum + part.length, 0));
  return length;
}
