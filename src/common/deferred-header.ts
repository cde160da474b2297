import {putBytes} from './put-bytes.ts';

/**
 * A record's header whose value is put together where it is written, and not before: what is written once and read by
 * nobody in this process needs no memory of its own.
 */
export abstract class DeferredHeader {
  abstract readonly key: string;
  /** Bytes of the value. */
  readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  /** The value in memory of its own, made anew each time. */
  get value(): Buffer {
    const value = Buffer.allocUnsafe(this.size);
    this.writeTo(value, 0);
    return value;
  }

  /** Writes the value and returns where it ends; the caller has made room for `size`. */
  abstract writeTo(target: Buffer, at: number): number;
}

/** A header as it is read, or one that is not put together yet. */
type AnyHeader = {readonly key: string; readonly value: Buffer} | DeferredHeader;

export function valueSize(header: AnyHeader): number {
  return header instanceof DeferredHeader ? header.size : header.value.length;
}

/** Writes the header's value and returns where it ends. */
export function putValue(target: Buffer, at: number, header: AnyHeader): number {
  return header instanceof DeferredHeader
    ? header.writeTo(target, at)
    : putBytes(target, at, header.value);
}
