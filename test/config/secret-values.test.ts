import {afterAll, describe, expect, test} from 'vitest';
import {ConfigFolder, yamlWith} from './config-folder.ts';

const folder = new ConfigFolder();
afterAll(() => folder.remove());

function ofRegistry(line: string): readonly string[] {
  return folder.load(yamlWith({registry: [line]})).secrets;
}

describe('secretValues', () => {
  test('has every secret key, of every section', () => {
    const yaml = `
http.auth.token: secret-http-token
kafka:
  bootstrap.servers: a:1
  security.protocol: SASL_SSL
  sasl.mechanism: OAUTHBEARER
  sasl.oauthbearer.token.endpoint.url: https://a
  sasl.oauthbearer.client.id: id
  sasl.oauthbearer.client.secret: secret-oauth
  sasl.password: secret-sasl
  ssl.certificate.location: a
  ssl.key.location: a
  ssl.key.password: secret-kafka-key
schema.registry:
  url: "https://user:secret%2Furl@a, https://b"
sources:
  a:
    database.hostname: db
    database.dbname: shop
    database.user: reader
    database.password: secret-database
    database.sslpassword: secret-database-key
    topic.prefix: p
    slot.name: s
sinks:
  pair: {connector: snowflake, topics: t, account: a, user: u, warehouse: w, database: d, private.key: "-----BEGIN PRIVATE KEY-----", private.key.passphrase: secret-passphrase}
  user: {connector: snowflake, topics: t, account: a, user: u, warehouse: w, database: d, password: secret-snowflake}
  token: {connector: snowflake, topics: t, account: a, user: u, warehouse: w, database: d, token: secret-snowflake-token}
  lake: {connector: databricks, topics: t, host: h, http.path: /p, catalog: c, volume: /Volumes/a/b/c, token: secret-databricks-token}
  oauth: {connector: databricks, topics: t, host: h, http.path: /p, catalog: c, volume: /Volumes/a/b/c, oauth.client.id: id, oauth.client.secret: secret-databricks-oauth}
`;

    expect(folder.load(yaml).secrets.toSorted()).toEqual(
      [
        'secret-http-token',
        'secret-oauth',
        'secret-sasl',
        'secret-kafka-key',
        'user:secret/url',
        'secret/url',
        'secret-database',
        'secret-database-key',
        '-----BEGIN PRIVATE KEY-----',
        'secret-passphrase',
        'secret-snowflake',
        'secret-snowflake-token',
        'secret-databricks-token',
        'secret-databricks-oauth',
      ].toSorted(),
    );
  });

  test('has user and password of a registry together and the password alone, and a token', () => {
    expect(ofRegistry('basic.auth.user.info: "key:a:b"')).toEqual(['key:a:b', 'a:b', 'secret']);
    expect(ofRegistry('basic.auth.user.info: "key:"')).toEqual(['secret']);
    expect(ofRegistry('bearer.auth.token: tok')).toEqual(['tok', 'secret']);
  });

  test.each(['reader', 'shop', 'a', 'orders_enriched', 'b'])(
    'leaves out a password that is a name as well: %s',
    (name) => {
      expect(folder.load(yamlWith({source: [`database.password: ${name}`]})).secrets).toEqual([]);
    },
  );

  test('leaves out a password that is a word of a name', () => {
    const source = ['database.password: sales', 'table.include.list: sales.orders, a.b'];

    expect(folder.load(yamlWith({source})).secrets).toEqual([]);
  });
});
