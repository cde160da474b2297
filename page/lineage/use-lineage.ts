import {useState} from 'preact/hooks';
import type {LineageAnswer} from '../../src/streams/runtime/queries/lineage-answer.ts';
import {ask} from '../ask.ts';

export interface Lineage {
  /** The answer to the last question, or why there is none; undefined before the first. */
  readonly answer: LineageAnswer | string | undefined;
  readonly ask: (topic: string, key: string) => void;
  readonly forget: () => void;
}

/** Asks the service where a row comes from. */
export function useLineage(): Lineage {
  const [answer, setAnswer] = useState<LineageAnswer | string>();
  return {
    answer,
    ask: (topic, key) => {
      fetchLineage(topic, key).then(setAnswer, (error: unknown) =>
        setAnswer(`The lineage cannot be told: ${String(error)}`),
      );
    },
    forget: () => setAnswer(undefined),
  };
}

async function fetchLineage(topic: string, key: string): Promise<LineageAnswer | string> {
  const response = await ask(
    `/api/lineage/${encodeURIComponent(topic)}/${encodeURIComponent(key)}`,
  );
  if (response.ok) return (await response.json()) as LineageAnswer;
  const {error = `the service answers ${response.status}`} = (await response.json()) as {
    error?: string;
  };
  return error;
}
