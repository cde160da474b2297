/** Counters and gauges by name and labels; `/metrics` and `/api/status` read them. */
export interface Metrics {
  /** Adds `by` (default 1) to the counter `name`. */
  count(name: MetricName, labels: Labels, by?: number): void;
  gauge(name: MetricName, labels: Labels, value: number): void;
  /** Adds `count` (default 1) equal observations to the histogram `name`; times are in seconds. */
  observe(name: MetricName, labels: Labels, value: number, count?: number): void;
}

export type Labels = Readonly<Record<string, string>>;

/** Every metric the service writes, with what it means. */
export const metricHelp = {
  millrace_condition: '1 while a condition holds, 0 once it is over, by code and subject',
  millrace_cdc_events_total: 'Change events committed to Kafka, by source and table',
  millrace_cdc_milliseconds_behind_source:
    'Commit time of the last event until it was committed to Kafka',
  millrace_cdc_wal_retained_bytes: 'WAL that the server keeps for the slot, by source',
  millrace_cdc_wal_safe_bytes:
    'WAL that can be written before the slot may be lost (safe_wal_size), by source; absent without max_slot_wal_keep_size',
  millrace_cdc_confirmed_lag_bytes: 'WAL written after what the slot has confirmed, by source',
  millrace_cdc_slot_active: '1 while a walsender serves the slot, else 0, by source',
  millrace_cdc_snapshot_running: '1 while the source takes a snapshot (SnapshotRunning)',
  millrace_cdc_snapshot_completed: '1 once the last snapshot was complete (SnapshotCompleted)',
  millrace_cdc_snapshot_aborted: '1 once the last snapshot was cut off (SnapshotAborted)',
  millrace_cdc_snapshot_duration_in_seconds:
    'How long the snapshot took, or takes so far (SnapshotDurationInSeconds)',
  millrace_cdc_total_table_count: 'Tables of the snapshot (TotalTableCount)',
  millrace_cdc_remaining_table_count:
    'Tables of the snapshot that are not complete (RemainingTableCount)',
  millrace_cdc_rows_scanned: 'Rows that the snapshot has read, by source and table (RowsScanned)',
  millrace_streams_records_total: 'Records that a task has processed, by task',
  millrace_streams_process_total:
    'Records that have reached a node of the topology, by task and node (process-total)',
  millrace_streams_node_busy_seconds_total:
    'Time that a node has taken, from a sample of its records, by task and node',
  millrace_streams_records_produced_total:
    'Records committed to a topic, changelogs among them, by topic (records-produced-total)',
  millrace_streams_record_e2e_latency_seconds:
    'Commit in the source until the oldest record of a commit was committed, by task (record-e2e-latency)',
  millrace_streams_commit_latency_seconds: 'How long a commit takes (commit-latency)',
  millrace_streams_dropped_records_total: 'Records that an operator dropped, by node and reason',
  millrace_streams_commits_total: 'Committed transactions, by task',
  millrace_skipped_records_total:
    'Records skipped under errors.tolerance: all, unreadable or rejected by a warehouse, by topic',
  millrace_restored_records_total: 'Changelog records applied to stores at start, by store',
  millrace_standby_records_total: 'Changelog records applied to standby stores, by store',
  millrace_sink_rows_total: 'Rows committed to a warehouse, by sink and topic',
  millrace_end_to_end_latency_seconds:
    'Commit in the source until the row was committed to the warehouse, by sink',
  millrace_sink_skipped_tombstones_total:
    'Deletes that a sink does not carry out, as in append mode, by sink and topic',
  millrace_sink_put_batch_seconds:
    'How long a warehouse takes for a batch, by sink and topic (put-batch-time)',
  millrace_sink_batches_total: 'Batches committed to a warehouse, by sink and topic',
} as const;

export type MetricName = keyof typeof metricHelp;
