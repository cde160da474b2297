/** How a table that is there takes the rows, in a few words: `add` is what the sink would add to it. */
export function fitOf(add: readonly {readonly name: string}[]): string {
  if (add.length === 0) return 'there, with all columns';
  return `there; the sink adds ${add.map(({name}) => name).join(', ')}`;
}
