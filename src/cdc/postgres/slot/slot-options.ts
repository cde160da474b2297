/** How a source treats its slot, and how closely it watches it. */
export interface SlotOptions {
  /** `slot.failover`: standbys keep a copy of the slot, from Postgres 17 on. */
  readonly failover: boolean;
  /** `slot.drop.on.stop`: the slot goes with an orderly stop, and with it what is written until the next start. */
  readonly dropOnStop: boolean;
  /** `slot.max.retries`: further attempts to get a slot that another client uses, or whose creation is blocked. */
  readonly maxRetries: number;
  /** `slot.retry.delay.ms`: between these attempts. */
  readonly retryDelayMs: number;
  /** `slot.monitor.interval.ms`: between two looks at the slot, the publication and the server. */
  readonly monitorIntervalMs: number;
  /** `slot.stall.timeout.ms`: how long nothing may arrive or become durable while there is WAL. */
  readonly stallMs: number;
}

/** Since when standbys can keep copies of slots; as `server_version_num` has it. */
export const failoverSlotsSince = 170_000;

export const slotDefaults: SlotOptions = {
  failover: false,
  dropOnStop: false,
  // As in Debezium: a minute, which is how long a killed instance's walsender may live (wal_sender_timeout).
  maxRetries: 6,
  retryDelayMs: 10_000,
  monitorIntervalMs: 30_000,
  // A transaction of a million rows takes the server some seconds before its first byte.
  stallMs: 120_000,
};
