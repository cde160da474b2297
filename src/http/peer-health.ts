import {causeMessageOf} from '../common/errors.ts';

/** How long another instance may take: it answers this without doing anything. */
const TIMEOUT_MS = 1000;

/** Why the instance at `server` (`host:port`) does not answer; undefined when it does, whatever it says. */
export async function peerHealth(server: string): Promise<string | undefined> {
  try {
    const response = await fetch(`http://${server}/healthz`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'manual',
    });
    await response.body?.cancel();
    return undefined;
  } catch (error) {
    return causeMessageOf(error);
  }
}
