import {json, kafka} from '../../serde/format.ts';
import {array, bytes, double, notNull, nullable, struct, varchar} from '../../serde/schema.ts';
import type {Schema} from '../../serde/schema.ts';
import type {WaitingEntry} from '../operators/waiting-records.ts';
import {internalTopic} from '../topic.ts';
import type {Topic} from '../topic.ts';

/** The changelog of a store in which records with this value wait for the row they are to be joined with. */
export function waitingTopic<V>(name: string, row: Schema<V>): Topic<Buffer, WaitingEntry<V>> {
  const header = struct({key: notNull(varchar()), value: notNull(bytes())});
  const entry = struct({
    row: nullable(row),
    timestamp: double(),
    headers: array(header),
    link: bytes(),
    count: double(),
    next: double(),
  });
  return internalTopic(name, {key: kafka(notNull(bytes())), value: json(entry)});
}
