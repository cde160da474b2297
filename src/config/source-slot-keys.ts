import {flag, integer, text} from './option.ts';

const slotName = /^[a-z0-9_]{1,63}$/;

/** The slot of a source, and what is done about trouble with it: keys under `sources.<name>`. */
export const slotKeys = {
  'slot.name': text(
    {
      description:
        'The logical replication slot; created at first start. One slot for each source: nothing else may read from it.',
    },
    'lower-case letters, digits and `_`, at most 63',
    slotName,
  ),
  'slot.failover': flag({
    description:
      'Whether standbys keep a copy of the slot, so that it is there after a failover. Postgres 17 and newer; needs `sync_replication_slots` on the standby. Older servers ignore it.',
    default: false,
  }),
  'slot.drop.on.stop': flag({
    description:
      'Whether an orderly stop drops the slot. For tests only: what is written until the next start is missing then, which that start refuses with `CDC_SLOT_LOST`, unless `snapshot.mode` is `when_needed`.',
    default: false,
  }),
  'slot.max.retries': integer(
    {
      description:
        'How often to try again for a slot that another client uses, or whose creation waits for transactions that were open before; then the service ends.',
      default: 6,
    },
    0,
    1_000_000,
  ),
  'slot.retry.delay.ms': integer(
    {description: 'Between these attempts, in milliseconds.', default: 10_000},
    1,
    3_600_000,
  ),
  'slot.monitor.interval.ms': integer(
    {
      description:
        'How often the slot, the publication and the server are looked at, in milliseconds.',
      default: 30_000,
    },
    100,
    3_600_000,
  ),
  'slot.stall.timeout.ms': integer(
    {
      description:
        'After this without anything from the slot, or without anything of it becoming durable, while WAL is written, the source counts as stalled, in milliseconds.',
      default: 120_000,
    },
    1000,
    86_400_000,
  ),
  'errors.max.retries': integer(
    {
      description:
        'How often in a row to try again after what may pass: a server that cannot be reached, Kafka, the schema registry. Then the service ends. -1: without end.',
      default: -1,
    },
    -1,
    1_000_000,
  ),
} as const;
