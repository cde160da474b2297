import {randomBytes} from 'node:crypto';

/** An id as Kafka writes them: 16 bytes in base64url, which must not begin with `-`. */
export function kafkaUuid(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}
