import type {ServiceError} from './errors.ts';

/** What the process says when it ends with this error: a line for each mistake in the configuration, else one line. */
export function errorLines({code, message}: ServiceError): readonly string[] {
  // A mistake in the configuration says where it stands; its code would say no more.
  if (code === 'CONFIG_INVALID') return message.split('\n').map((line) => `error: ${line}`);
  return [`error: ${message.trim().replaceAll(/\s*\n\s*/g, ' ')} (${code})`];
}
