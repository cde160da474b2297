import {integer, optional, secret, text} from './option.ts';

/** A SQL warehouse of Databricks and where the rows go there: the keys of a sink with `connector: databricks`. */
export const databricksKeys = {
  host: text(
    {description: "The workspace's host name."},
    'a host name, without `https://`',
    /^[A-Za-z0-9.-]+$/,
  ),
  port: integer({description: 'Its port.', default: 443}, 1, 65_535),
  'http.path': text(
    {description: "The SQL warehouse's path, as its connection details show it."},
    'a path as `/sql/1.0/warehouses/abc`',
    /^\/[^\s?#]+$/,
  ),
  token: optional(
    secret(text({description: 'A personal access token.'}, 'a token', /^[\x21-\x7e]+$/)),
    'none',
  ),
  'oauth.client.id': optional(
    text(
      {description: 'The application id of a service principal (OAuth machine-to-machine).'},
      'an id',
      /^[\x21-\x7e]+$/,
    ),
    'none',
  ),
  'oauth.client.secret': optional(
    secret(text({description: 'Its secret.'}, 'a secret', /^[\x21-\x7e]+$/)),
    'none',
  ),
  catalog: text(
    {description: 'The catalog of the tables, in Unity Catalog.'},
    'the name of a catalog',
  ),
  schema: optional(
    text(
      {description: 'The schema of the tables, and of `_sink_offsets`.'},
      'the name of a schema',
    ),
    '`default`',
  ),
  volume: text(
    {
      description:
        'A Unity Catalog volume, or a folder in it, where batches lie until they are loaded. Needs `READ VOLUME` and `WRITE VOLUME`.',
    },
    'a path as `/Volumes/main/default/millrace`, of letters, digits, `.`, `_` and `-`',
    /^\/Volumes(\/[A-Za-z0-9._-]+){3,}\/?$/,
  ),
  'ssl.ca.location': optional(
    text(
      {
        description:
          'A PEM file with further authorities to trust: where a proxy on the way has a certificate of its own.',
      },
      'a path',
    ),
    'the authorities that Node knows, and those of `NODE_EXTRA_CA_CERTS`',
  ),
  'request.timeout.ms': integer(
    {
      description:
        'How long one statement may take, in milliseconds. A classic SQL warehouse takes minutes to start.',
      default: 300_000,
    },
    100,
  ),
};
