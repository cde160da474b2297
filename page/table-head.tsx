import type {JSX} from 'preact';

/** The head of a table; columns of numbers stand to the right, as their cells do. */
export function TableHead({
  columns,
}: {
  readonly columns: readonly (string | {readonly number: string})[];
}): JSX.Element {
  return (
    <thead>
      <tr>
        {columns.map((column) =>
          typeof column === 'string' ? (
            <th key={column} scope="col">
              {column}
            </th>
          ) : (
            <th key={column.number} scope="col" class="number">
              {column.number}
            </th>
          ),
        )}
      </tr>
    </thead>
  );
}
