import {z} from 'zod';
import {httpKeys} from './http-keys.ts';
import {kafkaSchema} from './kafka-schema.ts';
import {flag, integer, list, oneOf, optional, secret, text} from './option.ts';
import {sinkSchema} from './sink-schema.ts';
import {sourceSchema} from './source-schema.ts';

const name = /^[A-Za-z0-9._-]{1,200}$/;
const nameWords = 'letters, digits, `.`, `_` and `-`';

/** A Schema Registry in place of the embedded one: the keys under `schema.registry`. */
export const schemaRegistrySchema = z.strictObject({
  url: secret(
    list(
      {
        description:
          "Addresses of a registry that speaks Confluent's API; with several, each that cannot be reached, or fails, is followed by the next.",
      },
      'addresses as `https://host:8081`',
      /^https?:\/\/([^\s/?#@]+@)?[^\s/?#@]+(\/[^\s?#@]*)?$/,
    ),
    (addresses) => addresses.flatMap(userInfoIn),
  ),
  'basic.auth.credentials.source': optional(
    oneOf(
      {
        description:
          'Where user and password stand: in `basic.auth.user.info`, or in the `url`, as `https://user:password@host`.',
      },
      ['USER_INFO', 'URL'],
      ['SASL_INHERIT'],
    ),
    '`USER_INFO` where there is a `basic.auth.user.info`, otherwise `URL`',
  ),
  'basic.auth.user.info': optional(
    secret(
      text(
        {
          description:
            'User and password, for Confluent Cloud an API key of the registry and its secret.',
        },
        '`user:password`',
        /^[^:]+:/,
      ),
      (userInfo) => {
        const [user = ''] = userInfo.split(':', 1);
        return partsOf(user, userInfo.slice(user.length + 1));
      },
    ),
    'no user',
  ),
  'bearer.auth.credentials.source': optional(
    oneOf(
      {description: 'Where the bearer token stands: in `bearer.auth.token`.'},
      ['STATIC_TOKEN'],
      ['OAUTHBEARER', 'SASL_OAUTHBEARER_INHERIT', 'CUSTOM'],
    ),
    '`STATIC_TOKEN` where there is a `bearer.auth.token`',
  ),
  'bearer.auth.token': optional(
    secret(
      text(
        {description: 'A bearer token, in place of user and password.'},
        'a token',
        /^[\x21-\x7e]+$/,
      ),
    ),
    'no token',
  ),
  'ssl.ca.location': optional(
    text(
      {
        description: 'A PEM file with the authorities to trust, in place of those that Node knows.',
      },
      'a path',
    ),
    'the authorities that Node knows, and those of `NODE_EXTRA_CA_CERTS`',
  ),
  'request.timeout.ms': integer(
    {
      description:
        'How long one address has to answer a request, connecting included, in milliseconds.',
      default: 10_000,
    },
    1,
    600_000,
  ),
});

/** `user:password` and the password: both are in headers. */
function partsOf(user: string, password: string): readonly string[] {
  return password === '' ? [] : [`${user}:${password}`, password];
}

function userInfoIn(address: string): readonly string[] {
  const {username, password} = new URL(address);
  return partsOf(decodeURIComponent(username), decodeURIComponent(password));
}

/** Every key that there is. */
export const configSchema = z.strictObject({
  'application.id': text(
    {
      description: 'Consumer group, transactional ids and internal topics start with it.',
      default: 'millrace',
    },
    nameWords,
    name,
  ),
  'data.dir': text(
    {
      description:
        'Folder of the embedded log, the state stores, the DuckDB file and the embedded Postgres.',
      default: './data',
    },
    'a path',
  ),
  semantics: oneOf(
    {
      description:
        '`cdc`: the warehouse is what SQL over the sources would say. `ksqldb`: row for row what ksqlDB does.',
      default: 'cdc',
    },
    ['cdc', 'ksqldb'],
  ),
  'orders.deletes': oneOf(
    {
      description:
        'What a deleted order does under `semantics: cdc`: nothing, or a tombstone that removes its row.',
      default: 'ignore',
    },
    ['ignore', 'propagate'],
  ),
  'processing.guarantee': oneOf(
    {description: 'A crash neither loses nor doubles a change.', default: 'exactly_once_v2'},
    ['exactly_once_v2'],
    ['at_least_once', 'exactly_once', 'exactly_once_beta'],
  ),
  'commit.interval.ms': integer(
    {
      description:
        'Upper bound between commits, in milliseconds; a task commits earlier when its input queues are empty.',
      default: 100,
    },
    1,
    60_000,
  ),
  'num.partitions': integer(
    {description: 'Partitions of the topics that the service creates.', default: 1},
    1,
    1024,
  ),
  'num.standby.replicas': integer(
    {
      description:
        'Other instances that keep a warm copy of the state of each task, so that they take it over without a restore.',
      default: 0,
    },
    0,
    32,
  ),
  'replication.factor': integer(
    {
      description: 'Copies of the topics that the service creates. The embedded log has one.',
      default: 1,
    },
    1,
    32,
  ),
  'lineage.enabled': flag({
    description:
      'Whether each record and each row of a table carries the source positions that it comes from, for `/api/lineage/…` and `millrace why`.',
    default: true,
  }),
  'errors.tolerance': oneOf(
    {
      description:
        '`none` stops at a record that cannot be read. `all` skips it, counts it and writes it to the dead letter topic.',
      default: 'none',
    },
    ['none', 'all'],
  ),
  'errors.deadletterqueue.topic.name': optional(
    text({description: 'The dead letter topic.'}, nameWords, name),
    '`dlq-<application.id>`',
  ),
  ...httpKeys,
  'log.level': optional(
    oneOf(
      {description: 'JSON lines from this level up go to standard error.'},
      ['debug', 'info', 'warn', 'error', 'silent'],
      ['trace', 'fatal'],
    ),
    '`info`; `warn` where the embedded Postgres runs',
  ),
  kafka: kafkaSchema.optional(),
  'schema.registry': schemaRegistrySchema.optional(),
  sources: z.record(z.string(), sourceSchema).optional(),
  sinks: z.record(z.string(), sinkSchema).optional(),
});

/** Sections that are there once, with their keys right under them. */
export const singleSections: Readonly<Record<string, z.ZodObject>> = {
  kafka: kafkaSchema,
  'schema.registry': schemaRegistrySchema,
};

/** What the file may say, once it is checked and defaults are filled in; keys as in the file. */
export type CheckedFile = z.output<typeof configSchema>;
