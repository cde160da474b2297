import {z} from 'zod';
import type {Component} from '../common/component.ts';

const sourceStatus = z.looseObject({
  phase: z.string().optional(),
  lagMs: z.number().optional(),
  tables: z.record(z.string(), z.string()).optional(),
});

const lags = z.record(z.string(), z.looseObject({lag: z.number().nullish()}));

const streamsStatus = z.looseObject({
  tasks: z.record(z.string(), z.looseObject({offsets: lags.optional()})).optional(),
});

const sinkStatus = z.looseObject({
  partitions: z
    .record(
      z.string(),
      z.looseObject({lag: z.number().nullish(), nextOffset: z.number().nullish()}),
    )
    .optional(),
});

/** What the components tell of themselves, as far as the picture of the pipeline needs it. */
export interface ComponentStates {
  readonly components: readonly {
    readonly name: string;
    readonly state: string;
    readonly phase: string | null;
  }[];
  /** By source: the topics of its tables, and how long its last change took to its topic. */
  readonly sources: ReadonlyMap<
    string,
    {readonly tables: Readonly<Record<string, string>>; readonly lagMs: number | undefined}
  >;
  /** By topic partition: what the streams have not come to. */
  readonly streamsLag: ReadonlyMap<string, number>;
  /** By sink and topic partition. */
  readonly sinks: ReadonlyMap<
    string,
    Readonly<Record<string, {readonly lag: number | null; readonly nextOffset: number | null}>>
  >;
}

export function componentStates(components: readonly Component[]): ComponentStates {
  const states: {name: string; state: string; phase: string | null}[] = [];
  const sources = new Map<
    string,
    {tables: Readonly<Record<string, string>>; lagMs: number | undefined}
  >();
  const streamsLag = new Map<string, number>();
  const sinks = new Map<
    string,
    Record<string, {readonly lag: number | null; readonly nextOffset: number | null}>
  >();
  for (const component of components) {
    const status = component.status();
    const [role = '', ...rest] = component.name.split(' ');
    const name = rest.join(' ');
    let phase: string | null = null;
    if (role === 'source') {
      const source = sourceStatus.parse(status);
      phase = source.phase ?? null;
      sources.set(name, {tables: source.tables ?? {}, lagMs: source.lagMs});
    } else if (role === 'streams') {
      for (const {offsets = {}} of Object.values(streamsStatus.parse(status).tasks ?? {})) {
        for (const [partition, {lag}] of Object.entries(offsets)) {
          if (typeof lag === 'number') streamsLag.set(partition, lag);
        }
      }
    } else if (role === 'sink') {
      const {partitions = {}} = sinkStatus.parse(status);
      sinks.set(
        name,
        Object.fromEntries(
          Object.entries(partitions).map(([partition, {lag = null, nextOffset = null}]) => [
            partition,
            {lag, nextOffset},
          ]),
        ),
      );
    }
    states.push({name: component.name, state: status.state, phase});
  }
  return {components: states, sources, streamsLag, sinks};
}
