import {describe, expect, test} from 'vitest';
import type {Component} from '../../src/common/component.ts';
import {silentLogger} from '../../src/common/logger.ts';
import {supervise} from '../../src/service/supervise.ts';

/** Runs until it is told to stop, and remembers that it was. */
class Patient implements Component {
  readonly name = 'patient';
  stopped = false;

  run(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const stop = (): void => {
        this.stopped = true;
        resolve();
      };
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, {once: true});
    });
  }

  status(): {readonly state: 'running'} {
    return {state: 'running'};
  }
}

function failing(error: Error): Component {
  return {
    name: 'failing',
    run: async () => {
      throw error;
    },
    status: () => ({state: 'failed'}),
  };
}

describe('supervise', () => {
  test('stops the others when one fails, and rejects with its error', async () => {
    const patient = new Patient();
    const error = new Error('slot lost');

    const run = supervise([patient, failing(error)], new AbortController().signal, silentLogger);

    await expect(run).rejects.toBe(error);
    expect(patient.stopped).toBe(true);
  });

  test('resolves when the signal aborts and all have stopped', async () => {
    const patients = [new Patient(), new Patient()];
    const controller = new AbortController();

    const run = supervise(patients, controller.signal, silentLogger);
    controller.abort();
    await run;

    expect(patients.map(({stopped}) => stopped)).toEqual([true, true]);
  });

  test('stops at once under a signal that has aborted already', async () => {
    const patient = new Patient();

    await supervise([patient], AbortSignal.abort(), silentLogger);

    expect(patient.stopped).toBe(true);
  });
});
