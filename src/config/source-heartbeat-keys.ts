import {integer, optional, text} from './option.ts';

/** Heartbeats of a source: keys under `sources.<name>`. */
export const heartbeatKeys = {
  'heartbeat.interval.ms': integer(
    {
      description:
        'How often a heartbeat record is written to `<heartbeat.topics.prefix>.<topic.prefix>` and `heartbeat.action.query` is run, in milliseconds; 0: never. An idle table retains no WAL without it either: positions are confirmed as the WAL moves on.',
      default: 0,
    },
    0,
    86_400_000,
  ),
  'heartbeat.topics.prefix': text(
    {
      description: 'First part of the name of the topic of the heartbeat records.',
      default: '__debezium-heartbeat',
    },
    'letters, digits, `.`, `_` and `-`',
    /^[A-Za-z0-9._-]{1,100}$/,
  ),
  'heartbeat.action.query': optional(
    text(
      {
        description:
          'SQL to run with each heartbeat, such as an update of a table that others watch. Failing is the condition `CDC_HEARTBEAT_FAILED` and nothing more.',
      },
      'a statement',
    ),
    'none',
  ),
} as const;
