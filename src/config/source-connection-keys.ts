import {flag, integer, oneOf, optional, secret, text} from './option.ts';

const path = 'a path';

/** How the server of a source is reached: the keys `database.*` under `sources.<name>`. */
export const connectionKeys = {
  'database.hostname': text(
    {
      description:
        'Host of the Postgres server. Of several, separated by commas and each with its own port where that differs (`db1,db2:5433`), the first that answers and is not a standby: after a failover the next one is found without a restart.',
    },
    'a host name or an address',
  ),
  'database.port': integer({description: 'Its port.', default: 5432}, 1, 65535),
  'database.dbname': text({description: 'The database to capture.'}, 'the name of a database'),
  'database.user': text(
    {
      description:
        'A user with `REPLICATION` who may read the tables (and, to create the publication, owns them).',
    },
    'the name of a user',
  ),
  'database.password': secret(text({description: 'The password of that user.'}, 'a password')),
  'database.sslmode': oneOf(
    {
      description:
        'TLS to the server, as in libpq. `require` encrypts without looking at the certificate, unless `database.sslrootcert` is there; `verify-ca` wants a certificate of an authority that is trusted, `verify-full` also one for the name in `database.hostname`.',
      default: 'disable',
    },
    ['disable', 'require', 'verify-ca', 'verify-full'],
    ['allow', 'prefer'],
  ),
  'database.sslrootcert': optional(
    text(
      {description: 'A PEM file with the authorities to trust. Read with each connection.'},
      path,
    ),
    'the authorities that Node knows, and those of `NODE_EXTRA_CA_CERTS`',
  ),
  'database.sslcert': optional(
    text(
      {
        description:
          'A PEM file with the certificate that this side shows, where Postgres wants one. Read with each connection.',
      },
      path,
    ),
    'none',
  ),
  'database.sslkey': optional(
    text({description: 'A PEM file with the key of that certificate.'}, path),
    'none',
  ),
  'database.sslpassword': optional(
    secret(text({description: 'What the key is encrypted with.'}, 'a password')),
    'the key is not encrypted',
  ),
  'database.tcpKeepAlive': flag({
    description: 'Whether the kernel probes connections that are idle.',
    default: true,
  }),
  'connect.timeout.ms': integer(
    {
      description: 'How long each host may take to accept a connection, in milliseconds.',
      default: 10_000,
    },
    100,
    600_000,
  ),
} as const;
