import type {JSX} from 'preact';

const paths: Readonly<Record<string, string>> = {
  table: 'M2 3.5h12v9H2zM2 6.5h12M6.5 6.5v6',
  topic: 'M2 4.5h9M2 8h12M2 11.5h7',
  step: 'M3 8h10M9.5 4.5 13 8l-3.5 3.5',
  operator: 'M3 8h10M9.5 4.5 13 8l-3.5 3.5',
  store:
    'M3 4.2c0-1 2.2-1.7 5-1.7s5 .7 5 1.7-2.2 1.7-5 1.7-5-.7-5-1.7zM3 4.2v7.6c0 1 2.2 1.7 5 1.7s5-.7 5-1.7V4.2',
  warehouse: 'M2 13.5V6l6-3.5L14 6v7.5M5 13.5V8.5h6v5M5 11h6',
};

/** A sign for a kind of node; the text beside it says the same. */
export function NodeIcon({kind}: {readonly kind: string}): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[kind] ?? ''} />
    </svg>
  );
}
