import {pathText} from './mistake.ts';
import type {KeyPath, Mistake, Position} from './mistake.ts';

/** What a file or the environment says, before it means anything: text, sections, and what is neither. */
export type RawValue = string | RawSection | readonly RawValue[];

export interface RawSection {
  [key: string]: RawValue;
}

/** Sets a key, also one that JavaScript would take for something else, as `__proto__`. */
export function setKey<V extends RawValue>(section: RawSection, key: string, value: V): V {
  Object.defineProperty(section, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
  return value;
}

/** Whether the value has keys of its own. */
export function isSection(value: RawValue | undefined): value is RawSection {
  return typeof value === 'object' && !Array.isArray(value);
}

/** The unchecked configuration: its values, where each came from, and what is already known to be wrong. */
export class RawConfig {
  readonly root: RawSection = {};
  mistakes: Mistake[] = [];
  readonly #positions = new Map<string, Position>();
  readonly #written = new Map<string, string>();

  /** Remembers where the value at `path` stands, and how it is written there (not what variables made of it). */
  locate(path: KeyPath, position: Position, written?: string): void {
    this.#positions.set(pathText(path), position);
    if (written === undefined) this.#written.delete(pathText(path));
    else this.#written.set(pathText(path), written);
  }

  /** Where the value at `path` stands, or else the nearest section around it. */
  position(path: KeyPath): Position | undefined {
    for (let length = path.length; length > 0; length--) {
      const position = this.#positions.get(pathText(path.slice(0, length)));
      if (position !== undefined) return position;
    }
    return undefined;
  }

  /** The text of the value at `path` as its author wrote it, where it stands in the file. */
  written(path: KeyPath): string | undefined {
    return this.#written.get(pathText(path));
  }

  /** Sets the value at `path`, and forgets what was wrong with the one that it replaces. */
  replace(path: KeyPath, value: string, from: string): void {
    let section = this.root;
    for (const name of path.slice(0, -1)) {
      const found = section[name];
      section = isSection(found) ? found : setKey<RawSection>(section, name, {});
    }
    setKey(section, path.at(-1) ?? '', value);
    this.locate(path, {from});
    this.mistakes = this.mistakes.filter((mistake) => pathText(mistake.path) !== pathText(path));
  }

  mistake(path: KeyPath, message: string): void {
    const position = this.position(path);
    this.mistakes.push({path, message, ...(position !== undefined && {position})});
  }
}
