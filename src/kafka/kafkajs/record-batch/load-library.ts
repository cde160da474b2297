import {createRequire} from 'node:module';
import {FatalError} from '../../../common/errors.ts';

const require = createRequire(import.meta.url);

/**
 * Loads a codec's library where the codec turns up: synchronously, because records are, and late, because it is a binary for each
 * platform, which most topics do not need.
 *
 * @throws FatalError KAFKA_UNKNOWN_FORMAT where the platform has none.
 */
export function loadLibrary(name: string): unknown {
  try {
    return require(name);
  } catch (error) {
    throw new FatalError(
      'KAFKA_UNKNOWN_FORMAT',
      `The package ${name} cannot be loaded on this platform (${process.platform} ${process.arch}), and record batches need it: install it without --omit=optional, or set another compression.type on the topic and its producers`,
      {cause: error},
    );
  }
}
