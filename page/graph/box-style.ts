import type {Box} from './layout.ts';

/** Where a box of the layout lies, as a style. */
export function boxStyle({x, y, width, height}: Omit<Box, 'id'>): Readonly<Record<string, string>> {
  return {left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px`};
}
