import {parser} from '@prometheus-io/lezer-promql';

/** A metric that an expression reads, and the labels that it matches. */
interface Selector {
  readonly name: string;
  readonly labels: readonly string[];
}

/** What an expression of PromQL names. */
export interface PromqlNames {
  readonly selectors: readonly Selector[];
  /** Labels that the parts are grouped or matched by, and the metrics in the part. */
  readonly groupings: readonly {
    readonly labels: readonly string[];
    readonly of: readonly string[];
  }[];
}

/** @throws Error for what Prometheus would not parse. */
export function readPromql(expr: string): PromqlNames {
  const selectors: {name: string; labels: string[]; from: number}[] = [];
  const aggregates: {labels: string[]; from: number; to: number}[] = [];
  const enclosing: string[] = [];
  parser.parse(expr).iterate({
    enter: ({name, type, from, to}) => {
      const text = expr.slice(from, to);
      if (type.isError) throw new Error(`PromQL, at ${from}: ${expr}`);
      if (name === 'VectorSelector') selectors.push({name: '', labels: [], from});
      if (name === 'AggregateExpr') aggregates.push({labels: [], from, to});
      // `on (…)` is about all that is compared.
      if (name === 'MatchingModifierClause')
        aggregates.push({labels: [], from: 0, to: expr.length});
      const selector = selectors.at(-1);
      if (name === 'Identifier' && selector?.name === '') selector.name = text;
      if (name === 'LabelName') {
        if (enclosing.includes('LabelMatchers')) selector?.labels.push(text);
        else aggregates.at(-1)?.labels.push(text);
      }
      enclosing.push(name);
    },
    leave: () => void enclosing.pop(),
  });
  return {
    selectors: selectors.map(({name, labels}) => ({name, labels})),
    groupings: aggregates.map(({labels, from, to}) => ({
      labels,
      of: selectors.filter((each) => each.from >= from && each.from < to).map(({name}) => name),
    })),
  };
}
