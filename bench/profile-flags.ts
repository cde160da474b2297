/** Node's flags for a CPU profile of a process that ends by itself; none without a directory to write it to. */
export function profileFlags(directory: string | undefined): readonly string[] {
  return directory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${directory}`];
}
