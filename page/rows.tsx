import type {JSX} from 'preact';
import type {TopicRecord} from '../src/monitor/pipeline.ts';
import {clockTime} from './format.ts';

interface RowsProps {
  readonly title: string;
  readonly rows: readonly TopicRecord[];
  /** Draws the lineage of a key; undefined where there is none. */
  readonly onTrace?: ((key: string) => void) | undefined;
}

/** Records as a table under the columns of their values; they are objects, or there are no columns. */
export function Rows({title, rows, onTrace}: RowsProps): JSX.Element {
  const values = rows.map(({value}) => columnsOf(value));
  // The key stands in a column of its own already.
  const columns = [...new Set(values.flatMap((value) => Object.keys(value)))].filter(
    (column) => !rows.every(({key}, at) => keyText(key) === values[at]?.[column]),
  );
  return (
    <section class="panel rows">
      <header>
        <h2>{title}</h2>
      </header>
      <div class="scroll" tabIndex={0} role="region" aria-label={title}>
        <table>
          <thead>
            <tr>
              <th scope="col">committed</th>
              <th scope="col">key</th>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({partition, offset, timestamp, key, value}, at) => (
              <tr key={`${partition} ${offset}`}>
                <td class="time">{clockTime(timestamp)}</td>
                <th scope="row" class="key" title={keyText(key)}>
                  {onTrace === undefined || key === null ? (
                    keyText(key)
                  ) : (
                    <button type="button" class="link" onClick={() => onTrace(keyText(key))}>
                      {keyText(key)}
                    </button>
                  )}
                </th>
                {value === null && <td class="quiet">deleted</td>}
                {columns.map((column) => (
                  <td key={column}>{cell(values[at]?.[column])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {rows.length === 0 && <p class="quiet">None yet.</p>}
      </div>
    </section>
  );
}

/** Without its quotes where it is a JSON string. */
function keyText(key: string | null): string {
  if (key === null) return '';
  return key.startsWith('"') ? key.slice(1, -1) : key;
}

function columnsOf(value: string | null): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = value === null ? {} : JSON.parse(value);
    return typeof parsed === 'object' && parsed !== null
      ? (parsed as Record<string, unknown>)
      : {value};
  } catch {
    return {value};
  }
}

function cell(value: unknown): JSX.Element | string {
  if (value === null || value === undefined) return <span class="quiet">null</span>;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
