import {z} from 'zod';

/** A part of the pipeline that can be seen; `id` is its kind and its name. */
const pipelineNode = z
  .strictObject({
    id: z.string(),
    kind: z.enum(['table', 'topic', 'operator', 'store', 'warehouse']),
    name: z.string(),
    /** Source, sub-topology or sink that it belongs to; null for a topic. */
    group: z.string().nullable(),
    /** What an operator does, `toTable`; the connector of a warehouse. */
    detail: z.string(),
    /** The topic whose records show what is in it, by its name in Kafka; null where there is none. */
    topic: z.string().nullable(),
  })
  .readonly();

const pipelineEdge = z
  .strictObject({
    from: z.string(),
    to: z.string(),
    /** `state`: an operator writes or reads a store. */
    kind: z.enum(['flow', 'state']),
  })
  .readonly();

/** The pipeline as a graph, from the tables of Postgres to those of the warehouse. */
export const pipelineGraph = z
  .strictObject({
    applicationId: z.string(),
    version: z.string(),
    /** Milliseconds: another one means that the service has been restarted. */
    startedAt: z.number(),
    nodes: z.array(pipelineNode).readonly(),
    edges: z.array(pipelineEdge).readonly(),
  })
  .readonly();

/** Numbers are null, or absent, where this process does not know them. */
const nodeNumbers = z
  .strictObject({
    /** Since the process began. */
    records: z.number().optional(),
    /** Records a second, over the last ten. */
    rate: z.number().nullable().optional(),
    /** The part of the time that it works, 0 to 1. */
    busy: z.number().nullable().optional(),
    /** Records in the topics it reads that it has not come to (`records-lag`). */
    lag: z.number().nullable().optional(),
    entries: z.number().optional(),
    /** False where `entries` is an estimate. */
    isExact: z.boolean().optional(),
    bytes: z.number().optional(),
    /** Records that an operator has dropped. */
    dropped: z.number().optional(),
    /** Of its component, where that does not run. */
    state: z.string().optional(),
  })
  .readonly();

const condition = z
  .strictObject({
    code: z.string(),
    subject: z.string(),
    message: z.string(),
    severity: z.enum(['error', 'warning']),
  })
  .readonly();

/** A record of a topic as text; `value` is JSON, or null for a tombstone. */
export const topicRecord = z
  .strictObject({
    partition: z.number(),
    offset: z.number(),
    /** Milliseconds: commit time in the source. */
    timestamp: z.number(),
    key: z.string().nullable(),
    value: z.string().nullable(),
  })
  .readonly();

/** One point of the history. */
const historyPoint = z
  .strictObject({
    at: z.number(),
    changes: z.number(),
    rows: z.number(),
    p50: z.number().nullable(),
    p99: z.number().nullable(),
  })
  .readonly();

/** How the pipeline does at one moment. */
export const pipelineSnapshot = z
  .strictObject({
    at: z.number(),
    ready: z.boolean(),
    components: z
      .array(
        z
          .strictObject({name: z.string(), state: z.string(), phase: z.string().nullable()})
          .readonly(),
      )
      .readonly(),
    conditions: z.array(condition).readonly(),
    nodes: z.record(z.string(), nodeNumbers).readonly(),
    /** Milliseconds from the commit in Postgres until the change is committed there: median of the last seconds. */
    latency: z
      .strictObject({
        topics: z.number().nullable(),
        streams: z.number().nullable(),
        warehouse: z.number().nullable(),
      })
      .readonly(),
    /** What the warehouse got last, by its own watermark; newest first. */
    rows: z.array(topicRecord).readonly(),
    /** The newest point of the history; null before the first. */
    point: historyPoint.nullable(),
  })
  .readonly();

/** The last 15 minutes, in columns of equal length; null where nothing was measured. */
export const pipelineHistory = z
  .strictObject({
    /** Milliseconds; every two seconds. */
    at: z.array(z.number()).readonly(),
    /** Change events a second. */
    changes: z.array(z.number()).readonly(),
    /** Rows written to warehouses a second. */
    rows: z.array(z.number()).readonly(),
    /** End-to-end latency in milliseconds. */
    p50: z.array(z.number().nullable()).readonly(),
    p99: z.array(z.number().nullable()).readonly(),
  })
  .readonly();

export type PipelineNode = z.infer<typeof pipelineNode>;
export type PipelineEdge = z.infer<typeof pipelineEdge>;
export type PipelineGraph = z.infer<typeof pipelineGraph>;
export type NodeNumbers = z.infer<typeof nodeNumbers>;
export type PipelineSnapshot = z.infer<typeof pipelineSnapshot>;
export type HistoryPoint = z.infer<typeof historyPoint>;
export type PipelineHistory = z.infer<typeof pipelineHistory>;
export type TopicRecord = z.infer<typeof topicRecord>;
