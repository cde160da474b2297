import {JavaProgram} from './java-program.ts';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A record as Java's consumer has returned it. */
export interface JavaRecord extends TopicPartition {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly {readonly key: string; readonly value: Buffer | null}[];
}

interface RecordLine extends TopicPartition {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly {readonly key: string; readonly value: string | null}[];
}

interface EndLine {
  readonly end: readonly (TopicPartition & {readonly offset: number})[];
}

/** Kafka's own consumer under read_committed, for tests that compare with what it sees. */
export class JavaConsumer {
  readonly #program: JavaProgram;

  private constructor(program: JavaProgram) {
    this.#program = program;
  }

  static async start(brokers: readonly string[]): Promise<JavaConsumer> {
    return new JavaConsumer(await JavaProgram.start('ReadCommitted', [brokers.join(',')]));
  }

  /** Everything up to the last stable offsets as of now, one partition after the other, each in offset order. One call at a time. */
  async read(partitions: readonly TopicPartition[]): Promise<readonly JavaRecord[]> {
    this.#program.send({partitions});
    const records: JavaRecord[] = [];
    for (;;) {
      const line = await this.#program.next<RecordLine | EndLine>();
      if ('end' in line) return records;
      records.push({
        ...line,
        key: bytes(line.key),
        value: bytes(line.value),
        headers: line.headers.map(({key, value}) => ({key, value: bytes(value)})),
      });
    }
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function bytes(base64: string | null): Buffer | null {
  return base64 === null ? null : Buffer.from(base64, 'base64');
}
