/** What a metric is. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** What it says; times are in the unit of its name. */
  readonly help: string;
  /** Its name in Debezium, Kafka Streams or Kafka Connect, where it has one. */
  readonly standard?: string;
}

/** Every metric that the service writes itself; those of its process have prom-client's own names. */
export const metricDefinitions = {
  millrace_info: {
    type: 'gauge',
    labels: ['version', 'application_id'],
    help: '1, by version of the service and application.id',
    standard: 'version, application-id',
  },
  millrace_ready: {type: 'gauge', labels: [], help: '1 while /readyz answers 200, else 0'},
  millrace_condition: {
    type: 'gauge',
    labels: ['code', 'subject', 'severity'],
    help: '1 while a condition holds, 0 once it is over',
  },
  millrace_component_state: {
    type: 'gauge',
    labels: ['component', 'state'],
    help: '1 for the state that a component is in (starting, running, retrying, stopped, failed), 0 for the others',
    standard: 'alive-stream-threads, status',
  },
  millrace_retries_total: {
    type: 'counter',
    labels: ['component', 'code'],
    help: 'Failures after which a component has tried again',
    standard: 'total-retries',
  },
  millrace_rebalances_total: {
    type: 'counter',
    labels: ['component'],
    help: 'Generations of its consumer group that a component has joined',
    standard: 'rebalance-total',
  },
  millrace_skipped_records_total: {
    type: 'counter',
    labels: ['topic'],
    help: 'Records skipped under errors.tolerance: all, unreadable or rejected by a warehouse',
    standard: 'total-records-skipped',
  },
  millrace_dead_letters_total: {
    type: 'counter',
    labels: ['component', 'topic'],
    help: 'Records written to the dead letter topic, by the topic that they were read from',
    standard: 'deadletterqueue-produce-requests',
  },
  millrace_end_to_end_latency_seconds: {
    type: 'histogram',
    labels: ['sink'],
    help: 'Commit in the source until the row was committed to the warehouse',
  },

  millrace_cdc_connected: {
    type: 'gauge',
    labels: ['source'],
    help: '1 while the source reads from its server, else 0',
    standard: 'Connected',
  },
  millrace_cdc_events_total: {
    type: 'counter',
    labels: ['source', 'table'],
    help: 'Change events committed to Kafka',
    standard: 'TotalNumberOfEventsSeen',
  },
  millrace_cdc_transactions_total: {
    type: 'counter',
    labels: ['source'],
    help: 'Transactions of the server whose events are committed to Kafka',
    standard: 'NumberOfCommittedTransactions',
  },
  millrace_cdc_milliseconds_behind_source: {
    type: 'gauge',
    labels: ['source'],
    help: 'Commit time of the last event until it was committed to Kafka',
    standard: 'MilliSecondsBehindSource',
  },
  millrace_cdc_milliseconds_since_last_event: {
    type: 'gauge',
    labels: ['source'],
    help: 'Since the last event was committed to Kafka; absent before the first',
    standard: 'MilliSecondsSinceLastEvent',
  },
  millrace_cdc_captured_tables: {
    type: 'gauge',
    labels: ['source'],
    help: 'Tables that the source captures',
    standard: 'CapturedTables',
  },
  millrace_cdc_wal_retained_bytes: {
    type: 'gauge',
    labels: ['source'],
    help: 'WAL that the server keeps for the slot',
  },
  millrace_cdc_wal_safe_bytes: {
    type: 'gauge',
    labels: ['source'],
    help: 'WAL that can be written before the slot may be lost (safe_wal_size); absent without max_slot_wal_keep_size',
  },
  millrace_cdc_confirmed_lag_bytes: {
    type: 'gauge',
    labels: ['source'],
    help: 'WAL written after what the slot has confirmed',
  },
  millrace_cdc_slot_active: {
    type: 'gauge',
    labels: ['source'],
    help: '1 while a walsender serves the slot, else 0',
  },
  millrace_cdc_snapshot_running: {
    type: 'gauge',
    labels: ['source'],
    help: '1 while the source takes a snapshot',
    standard: 'SnapshotRunning',
  },
  millrace_cdc_snapshot_completed: {
    type: 'gauge',
    labels: ['source'],
    help: '1 once the last snapshot was complete',
    standard: 'SnapshotCompleted',
  },
  millrace_cdc_snapshot_aborted: {
    type: 'gauge',
    labels: ['source'],
    help: '1 once the last snapshot was cut off',
    standard: 'SnapshotAborted',
  },
  millrace_cdc_snapshot_duration_in_seconds: {
    type: 'gauge',
    labels: ['source'],
    help: 'How long the snapshot took, or takes so far',
    standard: 'SnapshotDurationInSeconds',
  },
  millrace_cdc_total_table_count: {
    type: 'gauge',
    labels: ['source'],
    help: 'Tables of the snapshot',
    standard: 'TotalTableCount',
  },
  millrace_cdc_remaining_table_count: {
    type: 'gauge',
    labels: ['source'],
    help: 'Tables of the snapshot that are not complete',
    standard: 'RemainingTableCount',
  },
  millrace_cdc_rows_scanned: {
    type: 'gauge',
    labels: ['source', 'table'],
    help: 'Rows that the snapshot has read',
    standard: 'RowsScanned',
  },
  millrace_cdc_incremental_snapshot_running: {
    type: 'gauge',
    labels: ['source'],
    help: '1 while tables are read, or wait to be read, in an incremental snapshot',
    standard: 'SnapshotRunning of the incremental snapshot',
  },
  millrace_cdc_incremental_snapshot_paused: {
    type: 'gauge',
    labels: ['source'],
    help: '1 while the incremental snapshot is paused',
    standard: 'SnapshotPaused',
  },

  millrace_streams_tasks: {
    type: 'gauge',
    labels: ['state'],
    help: 'Tasks of this instance: running or restoring, and standby for those that it keeps warm',
    standard: 'active-running-tasks, active-restoring-tasks, standby-updating-tasks',
  },
  millrace_streams_records_lag: {
    type: 'gauge',
    labels: ['task', 'topic', 'partition'],
    help: 'Offsets of an input that are not committed yet, up to its high watermark at the last fetch',
    standard: 'records-lag',
  },
  millrace_streams_records_total: {
    type: 'counter',
    labels: ['task'],
    help: 'Records that a task has processed',
    standard: 'process-total of a task; its rate is process-rate',
  },
  millrace_streams_process_seconds_total: {
    type: 'counter',
    labels: ['task'],
    help: 'Time that a task has processed for',
    standard: 'its rate is process-ratio; divided by the records, process-latency',
  },
  millrace_streams_process_total: {
    type: 'counter',
    labels: ['task', 'node'],
    help: 'Records that have reached a node of the topology',
    standard: 'process-total',
  },
  millrace_streams_node_busy_seconds_total: {
    type: 'counter',
    labels: ['task', 'node'],
    help: 'Time that a node has taken, from a sample of its records',
  },
  millrace_streams_records_produced_total: {
    type: 'counter',
    labels: ['topic'],
    help: 'Records committed to a topic, changelogs among them',
    standard: 'records-produced-total',
  },
  millrace_streams_record_e2e_latency_seconds: {
    type: 'histogram',
    labels: ['task'],
    help: 'Commit in the source until the oldest record of a commit was committed',
    standard: 'record-e2e-latency',
  },
  millrace_streams_commits_total: {
    type: 'counter',
    labels: ['task'],
    help: 'Committed transactions',
    standard: 'commit-total; its rate is commit-rate',
  },
  millrace_streams_commit_latency_seconds: {
    type: 'histogram',
    labels: [],
    help: 'How long a commit takes',
    standard: 'commit-latency; the rate of its sum is commit-ratio',
  },
  millrace_streams_dropped_records_total: {
    type: 'counter',
    labels: ['node', 'reason'],
    help: 'Records that an operator dropped',
    standard: 'dropped-records-total',
  },
  millrace_restored_records_total: {
    type: 'counter',
    labels: ['store'],
    help: 'Changelog records applied to stores at start',
    standard: 'restore-total',
  },
  millrace_streams_restore_remaining_records: {
    type: 'gauge',
    labels: ['topic', 'partition'],
    help: 'Offsets of a changelog that the restore of its store has not read yet',
    standard: 'restore-remaining-records-total',
  },
  millrace_standby_records_total: {
    type: 'counter',
    labels: ['store'],
    help: 'Changelog records applied to standby stores',
    standard: 'update-total',
  },
  millrace_streams_standby_records_lag: {
    type: 'gauge',
    labels: ['topic', 'partition'],
    help: 'Offsets of a changelog that a standby store is behind',
    standard: 'records-lag of the restore consumer',
  },
  millrace_streams_store_entries: {
    type: 'gauge',
    labels: ['task', 'store'],
    help: 'Rows of a store; an estimate beyond 10,000',
    standard: 'estimate-num-keys',
  },
  millrace_streams_store_bytes: {
    type: 'gauge',
    labels: ['task', 'store'],
    help: 'Bytes of the files of a store',
    standard: 'total-sst-files-size',
  },

  millrace_sink_partitions: {
    type: 'gauge',
    labels: ['sink'],
    help: 'Topic partitions that this instance writes to the warehouse',
    standard: 'partition-count',
  },
  millrace_sink_records_lag: {
    type: 'gauge',
    labels: ['sink', 'topic', 'partition'],
    help: "Offsets between the warehouse's watermark and the last stable offset",
    standard: 'records-lag, sink-record-lag-max',
  },
  millrace_sink_next_offset: {
    type: 'gauge',
    labels: ['sink', 'topic', 'partition'],
    help: "The warehouse's own watermark: everything before this offset is committed there",
  },
  millrace_sink_rows_total: {
    type: 'counter',
    labels: ['sink', 'topic'],
    help: 'Rows committed to a warehouse',
    standard: 'sink-record-send-total',
  },
  millrace_sink_skipped_tombstones_total: {
    type: 'counter',
    labels: ['sink', 'topic'],
    help: 'Deletes that a sink does not carry out, as in append mode',
  },
  millrace_sink_put_batch_seconds: {
    type: 'histogram',
    labels: ['sink', 'topic'],
    help: 'How long a warehouse takes for a batch',
    standard: 'put-batch-time',
  },
  millrace_sink_batches_total: {
    type: 'counter',
    labels: ['sink', 'topic'],
    help: 'Batches committed to a warehouse',
    standard: 'offset-commit-completion-total',
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;
