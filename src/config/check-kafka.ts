import type {KafkaKeys} from './kafka-schema.ts';
import type {RawConfig} from './raw-config.ts';

const userKeys = ['sasl.username', 'sasl.password'] as const;
const tokenKeys = [
  'sasl.oauthbearer.token.endpoint.url',
  'sasl.oauthbearer.client.id',
  'sasl.oauthbearer.client.secret',
] as const;
const tlsKeys = [
  'ssl.ca.location',
  'ssl.certificate.location',
  'ssl.key.location',
  'ssl.key.password',
] as const;

/** Reports which keys under `kafka` need each other, or exclude each other. `keys` are those that are right. */
export function checkKafka(raw: RawConfig, keys: Partial<KafkaKeys>): void {
  const {'security.protocol': protocol, 'sasl.mechanism': mechanism = 'PLAIN'} = keys;
  // What belongs together can only be said of what is right.
  if (protocol === undefined || raw.isWrong(['kafka', 'sasl.mechanism'])) return;
  const hasSasl = protocol.startsWith('SASL');
  const needed = mechanism === 'OAUTHBEARER' ? tokenKeys : userKeys;
  for (const key of needed) {
    if (hasSasl && keys[key] === undefined && !raw.isWrong(['kafka', key])) {
      raw.mistake(
        ['kafka', 'security.protocol'],
        `: \`${protocol}\` with ${mechanism} needs \`${key}\``,
      );
    }
  }
  const unused = [
    ...(hasSasl ? [] : [...userKeys, ...tokenKeys, 'sasl.mechanism' as const]),
    ...(protocol.endsWith('SSL') ? [] : tlsKeys),
  ];
  for (const key of unused) {
    if (keys[key] !== undefined) {
      raw.mistake(['kafka', key], `is not used with \`security.protocol: ${protocol}\``);
    }
  }
  if (
    (keys['ssl.certificate.location'] === undefined) !==
    (keys['ssl.key.location'] === undefined)
  ) {
    const there =
      keys['ssl.key.location'] === undefined ? 'ssl.certificate.location' : 'ssl.key.location';
    raw.mistake(['kafka', there], ': a certificate and its key go together');
  }
}
