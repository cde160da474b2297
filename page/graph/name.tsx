import type {JSX} from 'preact';

/** A name that may break after its dots, dashes and underscores. */
export function Name({text}: {readonly text: string}): JSX.Element {
  const parts = text.split(/(?<=[._-])/);
  return (
    <>
      {parts.map((part, at) => (
        <>
          {at > 0 && <wbr />}
          {part}
        </>
      ))}
    </>
  );
}
