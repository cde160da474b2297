import {expect} from 'vitest';

/** What it failed with, reduced to what an operator sees. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    const {name, code, message} = error as Error & {code?: string};
    return {
      name,
      code,
      message,
      secret: message.includes('wrong'),
      lines: message.split('\n').length,
    };
  }
}

/** One line that starts with where and has the remedy, and never the password. */
export function failing(code: string, remedy: string): unknown {
  return {
    name: 'FatalError',
    code,
    message: expect.stringMatching(startsAt(remedy)),
    secret: false,
    lines: 1,
  };
}

function startsAt(remedy: string): RegExp {
  return new RegExp(
    `^source \\S+: Postgres at \\S+:\\d+.*${remedy.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}`,
  );
}
