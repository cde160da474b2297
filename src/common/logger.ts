import {pino} from 'pino';
import type {Secrets} from './secrets.ts';

/** Structured log lines. Fields first, sentence second; never a secret in either. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A logger that adds `fields` to each line. */
  child(fields: object): Logger;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A logger that writes JSON lines, with `***` for each of the `secrets`, to standard error or to `destination`. */
export function createLogger(
  level: LogLevel,
  secrets: Secrets,
  destination: {write(line: string): void} = pino.destination(2),
): Logger {
  const options = {level, base: null, timestamp: pino.stdTimeFunctions.isoTime} as const;
  return withoutSecrets(pino(options, destination), secrets);
}

function withoutSecrets(logger: pino.Logger, secrets: Secrets): Logger {
  const log = (level: Exclude<LogLevel, 'silent'>) => (fields: object, message: string) => {
    if (logger.isLevelEnabled(level))
      logger[level](secrets.redactAll(fields) as object, secrets.redact(message));
  };
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    child: (fields) =>
      withoutSecrets(logger.child(secrets.redactAll(fields) as pino.Bindings), secrets),
  };
}

/** Discards everything. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
