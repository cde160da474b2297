import {EventSourceParserStream} from 'eventsource-parser/stream';
import {ask} from './ask.ts';

/** Until the next attempt after an interruption. */
const RETRY_MS = 1000;

/** `lost`: the service does not answer. `refused`: it wants a token, or another one. */
export type Connection = 'connecting' | 'open' | 'lost' | 'refused';

interface Listener {
  readonly onConnection: (connection: Connection) => void;
  readonly onEvent: (kind: string, data: unknown) => void;
}

/**
 * Reads server-sent events until `signal` aborts or the service refuses it, again and again after interruptions. An
 * `EventSource` would do the same, but sends no token.
 */
export async function followEvents(
  path: string,
  signal: AbortSignal,
  {onConnection, onEvent}: Listener,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const {status, body} = await ask(path, signal);
      if (status === 401) return onConnection('refused');
      if (status === 200 && body !== null) {
        onConnection('open');
        const reader = body
          .pipeThrough(new TextDecoderStream())
          .pipeThrough(new EventSourceParserStream())
          .getReader();
        for (let next = await reader.read(); !next.done; next = await reader.read())
          onEvent(next.value.event ?? '', JSON.parse(next.value.data));
      }
    } catch {
      // Whatever it was, the next attempt tells.
    }
    if (signal.aborted) return;
    onConnection('lost');
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}
