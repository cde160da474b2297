import {json} from '../../serde/format.ts';
import type {Format} from '../../serde/format.ts';
import {bytes, notNull, struct} from '../../serde/schema.ts';
import type {SourceOrderEntry} from '../operators/in-source-order.ts';
import {internalTopic} from '../topic.ts';
import type {Topic} from '../topic.ts';

/** The changelog of a store that knows the newest record of each key; see `KStream.inSourceOrder`. */
export function sourceOrderTopic<K>(name: string, key: Format<K>): Topic<K, SourceOrderEntry> {
  return internalTopic(name, {key, value: json(struct({position: notNull(bytes())}))});
}
