import {pathText} from './mistake.ts';
import type {KeyPath, Mistake, Position} from './mistake.ts';

/** What a file or the environment says, before it means anything: text, sections, lists. */
export type RawValue = string | RawSection | readonly RawValue[];

export interface RawSection {
  [key: string]: RawValue;
}

/** A section that inherits nothing: in it `constructor` and `__proto__` are keys like others. */
export function emptySection(): RawSection {
  return Object.create(null) as RawSection;
}

/** Whether the value has keys of its own. */
export function isSection(value: RawValue | undefined): value is RawSection {
  return typeof value === 'object' && !Array.isArray(value);
}

/** The unchecked configuration: its values, where each came from, and what is already known to be wrong. */
export class RawConfig {
  readonly root = emptySection();
  mistakes: Mistake[] = [];
  readonly #keys = new Map<string, Position>();
  readonly #values = new Map<string, Position>();
  readonly #wrong = new Set<string>();

  /** Remembers where the key at the end of `path` stands. */
  locateKey(path: KeyPath, position: Position): void {
    this.#keys.set(idOf(path), position);
  }

  /** Remembers where the value at `path` comes from. */
  locateValue(path: KeyPath, position: Position): void {
    this.#values.set(idOf(path), position);
  }

  /** Where the value at `path` comes from; undefined for a default. */
  valuePosition(path: KeyPath): Position | undefined {
    return this.#values.get(idOf(path));
  }

  /** Where the key of `path` stands, or else the nearest section around it. */
  keyPosition(path: KeyPath): Position | undefined {
    for (let length = path.length; length > 0; length--) {
      const position = this.#keys.get(idOf(path.slice(0, length)));
      if (position !== undefined) return position;
    }
    return undefined;
  }

  /** Sets the value at `path`, and forgets what was wrong with the one that it replaces. */
  replace(path: KeyPath, value: string, from: string): void {
    let section = this.root;
    for (const [at, name] of path.slice(0, -1).entries()) {
      const found = section[name];
      const inner = isSection(found) ? found : emptySection();
      if (inner !== found) this.locateKey(path.slice(0, at + 1), {from});
      section[name] = inner;
      section = inner;
    }
    section[path.at(-1) ?? ''] = value;
    this.locateKey(path, {from});
    this.locateValue(path, {from});
    this.#wrong.delete(idOf(path));
    this.mistakes = this.mistakes.filter((mistake) => pathText(mistake.path) !== pathText(path));
  }

  /** Something is wrong with the value at `path`. */
  mistake(path: KeyPath, message: string): void {
    this.#wrong.add(idOf(path));
    this.mistakes.push({
      path,
      message,
      position: this.valuePosition(path) ?? this.keyPosition(path),
    });
  }

  /** Whether the value at `path` is known to be wrong; what stands for it may be anything. */
  isWrong(path: KeyPath): boolean {
    return this.#wrong.has(idOf(path));
  }

  /** Something is wrong with the key itself, whatever its value. */
  keyMistake(path: KeyPath, message: string): void {
    this.mistakes.push({path, message, position: this.keyPosition(path)});
  }
}

/** Unlike the path's text, different for every path: names may have dots. */
function idOf(path: KeyPath): string {
  return JSON.stringify(path);
}
