import {FatalError} from '../common/errors.ts';
import type {Config} from '../config/config.ts';

/** The parts of the pipeline, each of which can run in processes of its own. */
export const allRoles = ['cdc', 'streams', 'sinks'] as const;

export type Role = (typeof allRoles)[number];

/** @throws FatalError CONFIG_INVALID for some of the roles on the embedded log, which one process has to itself. */
export function checkRoles(roles: readonly Role[], {kafka}: Pick<Config, 'kafka'>): void {
  const missing = allRoles.filter((role) => !roles.includes(role));
  if (kafka !== undefined || missing.length === 0) return;
  throw new FatalError(
    'CONFIG_INVALID',
    `--roles ${roles.join(',')}: the embedded log has one process, which does everything; configure kafka, or leave --roles out`,
  );
}
