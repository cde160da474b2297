/** What is wrong: the bytes, the compression type, the message format, or the size when decompressed. */
export type BatchProblem = 'corrupt' | 'compression' | 'format' | 'size';

/** Why a batch cannot be read; topic and partition are known to whoever fetched it. */
export class RecordBatchError extends Error {
  override readonly name = 'RecordBatchError';
  readonly problem: BatchProblem;
  readonly baseOffset: number;

  constructor(problem: BatchProblem, baseOffset: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
    this.baseOffset = baseOffset;
  }
}
