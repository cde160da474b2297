import {flag, integer, oneOf, optional, secret, text} from './option.ts';

const path = 'a path';

/** A Snowflake account and where the rows go there: the keys of a sink with `connector: snowflake`. */
export const snowflakeKeys = {
  account: text(
    {description: "The account's identifier, as in its address."},
    '`<organization>-<account>`, or a locator with its region, as `xy12345.eu-central-1`',
    /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/,
  ),
  url: optional(
    text(
      {description: 'Its address, where it has another one: over PrivateLink, or behind a proxy.'},
      'an address as `https://host:443`',
      /^https?:\/\/[^\s/?#@]+$/,
    ),
    '`https://<account>.snowflakecomputing.com`',
  ),
  user: text(
    {
      description:
        'A user with `USAGE` on warehouse, database and schema, and `CREATE TABLE` in the schema, or tables that it may write.',
    },
    'the name of a user',
  ),
  authenticator: optional(
    oneOf(
      {
        description:
          'How the user logs in: with a key pair (`private.key.file` or `private.key`), an OAuth access token or a programmatic access token (`token`), or a `password`.',
      },
      ['snowflake_jwt', 'oauth', 'programmatic_access_token', 'snowflake'],
      ['externalbrowser', 'username_password_mfa', 'oauth_client_credentials', 'workload_identity'],
    ),
    '`snowflake_jwt` where there is a key, `snowflake` where there is a `password`, otherwise `programmatic_access_token`',
  ),
  'private.key.file': optional(
    text({description: 'A PEM file (PKCS#8) with the private key. Read with each login.'}, path),
    'none',
  ),
  'private.key': optional(
    secret(
      text(
        {
          description:
            'The key itself, in place of a file; best from a variable, as `${SNOWFLAKE_PRIVATE_KEY}`.',
        },
        'a key in PEM, from `-----BEGIN` on',
        /^\s*-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/,
      ),
    ),
    'none',
  ),
  'private.key.passphrase': optional(
    secret(text({description: 'What the key is encrypted with.'}, 'a passphrase')),
    'the key is not encrypted',
  ),
  password: optional(
    secret(text({description: 'The password of the user.'}, 'a password')),
    'none',
  ),
  token: optional(
    secret(
      text(
        {description: 'An OAuth access token, or a programmatic access token.'},
        'a token',
        /^[\x21-\x7e]+$/,
      ),
    ),
    'none',
  ),
  role: optional(text({description: 'The role to use.'}, 'the name of a role'), "the user's own"),
  warehouse: text(
    {description: 'The virtual warehouse that loads the rows. It resumes with each batch.'},
    'the name of a warehouse',
  ),
  database: text({description: 'The database of the tables.'}, 'the name of a database'),
  schema: optional(
    text(
      {description: 'The schema of the tables, and of `_SINK_OFFSETS`.'},
      'the name of a schema',
    ),
    '`PUBLIC`',
  ),
  'preserve.case': flag({
    description:
      'Whether tables and columns keep the case of the names in the topic. Queries have to quote them then; otherwise they are in upper case, and `select order_id` finds them.',
    default: false,
  }),
  stage: optional(
    text(
      {description: 'A named internal stage of the schema for large batches.'},
      'the name of a stage',
      /^[^\s"'/@]+$/,
    ),
    "the user's own stage, `@~`",
  ),
  'stage.threshold.bytes': integer(
    {
      description:
        'Batches of this size or more are uploaded to the stage and copied from there; smaller ones go along with the statement.',
      default: 8_388_608,
    },
    0,
  ),
  'connect.timeout.ms': integer(
    {description: 'How long a login may take, in milliseconds.', default: 30_000},
    100,
    600_000,
  ),
  'statement.timeout.ms': integer(
    {
      description:
        'How long a statement may run, in milliseconds, the time included in which a suspended warehouse resumes.',
      default: 300_000,
    },
    1000,
    86_400_000,
  ),
  'lock.timeout.ms': integer(
    {
      description: 'How long a statement waits for a lock of another transaction, in milliseconds.',
      default: 60_000,
    },
    1000,
    3_600_000,
  ),
} as const;
