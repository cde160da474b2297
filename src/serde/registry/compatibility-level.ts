import type {Compatibility} from './schema-registry.ts';

/**
 * A level as Confluent's registry writes it, without its transitive form: each version is compared with the one before
 * it. Undefined when it is none.
 */
export function compatibilityOf(text: unknown): Compatibility | undefined {
  const level = typeof text === 'string' ? text.replace('_TRANSITIVE', '') : undefined;
  return level === 'NONE' || level === 'BACKWARD' || level === 'FORWARD' || level === 'FULL'
    ? level
    : undefined;
}
