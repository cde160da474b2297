import {constants} from 'node:fs';
import {mkdir, open, readdir, stat, unlink} from 'node:fs/promises';
import type {FileHandle} from 'node:fs/promises';
import {join} from 'node:path';

/** Sealed segments whose files stay open for reading; far below the usual limit of 1024 descriptors. */
const MAX_OPEN_FILES = 64;

/** The journal's files: `<segment>.log`, numbered upwards, each opened when it is needed. */
export class SegmentFiles {
  readonly directory: string;
  readonly #open = new Map<number, Promise<FileHandle>>();

  constructor(directory: string) {
    this.directory = directory;
  }

  path(segment: number): string {
    return join(this.directory, `${String(segment).padStart(10, '0')}.log`);
  }

  /** Creates the directory if need be and returns the segments in it, in ascending order. */
  async list(): Promise<number[]> {
    await mkdir(this.directory, {recursive: true});
    const segments: number[] = [];
    for (const name of await readdir(this.directory)) {
      const match = /^(\d{10})\.log$/.exec(name);
      if (match !== null) segments.push(Number(match[1]));
    }
    return segments.toSorted((a, b) => a - b);
  }

  /** The segment's file, for reading; it belongs to this object. */
  async #handle(segment: number): Promise<FileHandle> {
    const found = this.#open.get(segment);
    if (found !== undefined) {
      this.#open.delete(segment);
      this.#open.set(segment, found);
      return found;
    }
    const opening = open(this.path(segment), 'r');
    this.#open.set(segment, opening);
    opening.catch(() => this.#open.delete(segment));
    if (this.#open.size > MAX_OPEN_FILES) {
      for (const oldest of this.#open.keys()) {
        await this.#close(oldest);
        break;
      }
    }
    return opening;
  }

  /** Fills `target` from `position` of the segment's file and returns how much there was. */
  async read(segment: number, target: Buffer, position: number): Promise<number> {
    const handle = await this.#handle(segment);
    let done = 0;
    while (done < target.length) {
      const {bytesRead} = await handle.read(target, done, target.length - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  /** The segment's file, for writing, created if it does not exist; it belongs to the caller. */
  async openForWriting(segment: number): Promise<FileHandle> {
    const handle = await open(this.path(segment), constants.O_RDWR | constants.O_CREAT);
    await this.#syncDirectory();
    return handle;
  }

  /** Bytes of the segment's file; 0 when there is none. */
  async size(segment: number): Promise<number> {
    const stats = await stat(this.path(segment)).catch(() => undefined);
    return stats?.size ?? 0;
  }

  async delete(segment: number): Promise<void> {
    await this.#close(segment);
    await unlink(this.path(segment));
  }

  async close(): Promise<void> {
    for (const segment of this.#open.keys()) await this.#close(segment);
  }

  /** Without it a power cut may take a new file away, however well its contents were synced. */
  async #syncDirectory(): Promise<void> {
    // Windows has no such thing.
    if (process.platform === 'win32') return;
    const directory = await open(this.directory, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }

  /** Waits for the reads under way. */
  async #close(segment: number): Promise<void> {
    const opening = this.#open.get(segment);
    this.#open.delete(segment);
    if (opening !== undefined) await (await opening).close();
  }
}
