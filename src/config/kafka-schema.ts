import {z} from 'zod';
import {integer, list, oneOf, optional, secret, text} from './option.ts';

const words = 'letters, digits, `.`, `_` and `-`';
const name = /^[A-Za-z0-9._-]{1,200}$/;

/** A Kafka cluster in place of the embedded log: the keys under `kafka`. */
export const kafkaSchema = z.strictObject({
  'bootstrap.servers': list(
    {description: 'Brokers to ask for the others. Apache Kafka 3.1 or newer.'},
    'brokers as `host:port`',
    /^(\[[0-9a-fA-F:]+\]|[^\s:,/[\]]+):\d{1,5}$/,
  ),
  'security.protocol': oneOf(
    {description: 'What the listener of the brokers speaks.', default: 'PLAINTEXT'},
    ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'],
  ),
  'sasl.mechanism': optional(
    oneOf(
      {description: 'How the service shows who it is.'},
      ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'],
      ['GSSAPI', 'AWS_MSK_IAM'],
    ),
    '`PLAIN`, where `security.protocol` has SASL',
  ),
  'sasl.username': optional(
    text({description: 'User, for Confluent Cloud the API key.'}, 'a name'),
    'no user',
  ),
  'sasl.password': optional(
    secret(text({description: 'Password of the user, for Confluent Cloud the secret of the key.'})),
    'no password',
  ),
  'sasl.oauthbearer.token.endpoint.url': optional(
    text(
      {
        description:
          'Where `OAUTHBEARER` gets its tokens, by the client credentials grant of OAuth 2.',
      },
      'an address as `https://host/token`',
      /^https?:\/\/\S+$/,
    ),
    'none',
  ),
  'sasl.oauthbearer.client.id': optional(
    text({description: 'The client that asks for tokens.'}, 'an id'),
    'none',
  ),
  'sasl.oauthbearer.client.secret': optional(
    secret(text({description: 'Its secret.'}, 'a secret')),
    'none',
  ),
  'sasl.oauthbearer.scope': optional(
    text({description: 'The scope to ask for.'}, 'a scope'),
    'no scope',
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
  'ssl.certificate.location': optional(
    text({description: 'A PEM file with the certificate that the service shows.'}, 'a path'),
    'none',
  ),
  'ssl.key.location': optional(
    text({description: 'A PEM file with the key of that certificate.'}, 'a path'),
    'none',
  ),
  'ssl.key.password': optional(
    secret(text({description: 'What the key is encrypted with.'}, 'a password')),
    'the key is not encrypted',
  ),
  'client.id': optional(
    text({description: "The service's name in the brokers' logs and quotas."}, words, name),
    '`application.id`',
  ),
  'group.instance.id': optional(
    text(
      {
        description:
          'Static membership: an instance that comes back under its id within the session timeout takes its place again, without a rebalance. Each instance needs one of its own.',
      },
      words,
      name,
    ),
    'none',
  ),
  'session.timeout.ms': integer(
    {
      description:
        'After this without a heartbeat an instance is taken for dead and its tasks go to others, in milliseconds.',
      default: 10_000,
    },
    1000,
    1_800_000,
  ),
  'transaction.timeout.ms': integer(
    {
      description:
        'After this the broker aborts a transaction whose producer has gone, in milliseconds; readers wait for it meanwhile.',
      default: 10_000,
    },
    1000,
    900_000,
  ),
  'default.api.timeout.ms': integer(
    {
      description:
        'How long a request is repeated before it counts as failed, in milliseconds: at start the service ends then, later it goes on trying and says so.',
      default: 60_000,
    },
    1000,
    3_600_000,
  ),
  'request.timeout.ms': integer(
    {description: 'How long a broker has to answer one request, in milliseconds.', default: 30_000},
    1000,
    600_000,
  ),
  'compression.type': oneOf(
    {
      description:
        'How record batches are written. All kinds are read. `lz4` costs this process nothing that can be measured and halves what the broker spends on a snapshot; a consumer on kafkajs needs a codec for all but `gzip`.',
      default: 'lz4',
    },
    ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  ),
  'max.request.size': integer(
    {
      description:
        'Bytes of one record batch at most, before compression. The `max.message.bytes` of the topics has to allow them.',
      default: 1_000_000,
    },
    16_384,
    100_000_000,
  ),
  'min.insync.replicas': optional(
    integer(
      {description: 'Of the topics that the service creates: copies that have to have a record.'},
      1,
      32,
    ),
    "the brokers'",
  ),
});

/** Keys of the section, checked, with defaults filled in. */
export type KafkaKeys = z.output<typeof kafkaSchema>;
