import {gunzipSync, gzipSync} from 'node:zlib';
import type {Codec} from './codec.ts';

export const gzipCodec: Codec = {
  compress: (bytes) => gzipSync(bytes),

  decompress(bytes, maxBytes) {
    try {
      return gunzipSync(bytes, {maxOutputLength: maxBytes});
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined;
      throw error;
    }
  },
};
