import type {JSX} from 'preact';
import {useState} from 'preact/hooks';

/** Asks for the key of a row. */
export function LineageForm({onAsk}: {readonly onAsk: (key: string) => void}): JSX.Element {
  const [key, setKey] = useState('');
  return (
    <form
      class="lineage-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (key.trim() !== '') onAsk(key.trim());
      }}
    >
      <label>
        <span class="hidden">Key of a row, to see where it comes from</span>
        <input
          value={key}
          placeholder="Trace an order id"
          spellcheck={false}
          onInput={({currentTarget}) => setKey(currentTarget.value)}
        />
      </label>
      <button type="submit" class="quiet-button">
        Trace
      </button>
    </form>
  );
}
