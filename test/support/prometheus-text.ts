/** One line of Prometheus' text format that is not a comment. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric: what `# TYPE` says, and the samples after it. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: readonly Sample[];
}

/**
 * Reads a text as Prometheus does.
 *
 * @throws Error for what Prometheus would refuse or warn of: a line of another form, a sample apart from its type, a
 * series twice. https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
 */
export function parsePrometheusText(text: string): readonly Family[] {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families: {name: string; help: string; type: string; samples: Sample[]}[] = [];
  const series = new Set<string>();
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, keyword = '', name = '', rest = ''] =
      /^# (HELP|TYPE) ([a-z_][a-z0-9_]*) (.+)$/.exec(line) ?? [];
    const family = families.at(-1);
    if (keyword === 'HELP') {
      if (families.some((other) => other.name === name)) throw new Error(`${name} comes twice`);
      families.push({name, help: rest, type: '', samples: []});
    } else if (keyword === 'TYPE') {
      if (family?.name !== name || family.type !== '') throw new Error(`misplaced: ${line}`);
      family.type = rest;
    } else {
      const sample = parseSample(line);
      const suffix = family?.type === 'histogram' ? /_(bucket|sum|count)$/ : /$/;
      if (sample.name.replace(suffix, '') !== family?.name) throw new Error(`misplaced: ${line}`);
      const labels = Object.entries(sample.labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
      const id = JSON.stringify([sample.name, labels]);
      if (series.has(id)) throw new Error(`comes twice: ${line}`);
      series.add(id);
      family.samples.push(sample);
    }
  }
  return families;
}

function parseSample(line: string): Sample {
  const [head = '', name = '', brace] = /^([a-z_][a-z0-9_]*)(\{)?/.exec(line) ?? [];
  let at = head.length;
  const labels: Record<string, string> = {};
  const pair = /([a-z_]+)="((?:[^"\\]|\\["\\n])*)"([,}])/y;
  for (let more = brace !== undefined; more;) {
    pair.lastIndex = at;
    const [all = '', key = '', value = '', end] = pair.exec(line) ?? [];
    if (all === '' || key in labels) throw new Error(`labels: ${line}`);
    labels[key] = value.replaceAll(/\\(.)/g, (_, letter: string) =>
      letter === 'n' ? '\n' : letter,
    );
    at += all.length;
    more = end === ',';
  }
  const [, value] = /^ ([-+]?\d+(?:\.\d+)?(?:e[-+]\d+)?|[-+]Inf|Nan)$/.exec(line.slice(at)) ?? [];
  if (name === '' || value === undefined) throw new Error(`not a sample: ${line}`);
  return {name, labels, value: Number(value.replace('Inf', 'Infinity').replace('Nan', 'NaN'))};
}
