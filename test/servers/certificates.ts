import {generate} from 'selfsigned';

/** PEM texts: an authority, a server of 127.0.0.1 and localhost, and a client `CN=millrace`. */
export interface Certificates {
  readonly authority: string;
  readonly server: KeyAndCertificate;
  readonly client: KeyAndCertificate;
}

export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

type Extensions = NonNullable<NonNullable<Parameters<typeof generate>[1]>['extensions']>;

/** What is different about the server's certificate. */
export interface ServerCertificateOptions {
  /** In place of localhost and 127.0.0.1. */
  readonly dnsName?: string;
  readonly hasExpired?: boolean;
}

/** A new authority and what it signs, valid for a year. */
export async function makeCertificates({
  dnsName,
  hasExpired = false,
}: ServerCertificateOptions = {}): Promise<Certificates> {
  const authority = await make('millrace test authority', [
    {name: 'basicConstraints', cA: true, critical: true},
    {name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true},
  ]);
  const server = await make(
    'localhost',
    [
      {name: 'keyUsage', digitalSignature: true, critical: true},
      {name: 'extKeyUsage', serverAuth: true},
      {
        name: 'subjectAltName',
        altNames:
          dnsName === undefined
            ? [
                {type: 2, value: 'localhost'},
                {type: 7, ip: '127.0.0.1'},
              ]
            : [{type: 2, value: dnsName}],
      },
    ],
    authority,
    hasExpired,
  );
  const client = await make(
    'millrace',
    [
      {name: 'keyUsage', digitalSignature: true, critical: true},
      {name: 'extKeyUsage', clientAuth: true},
    ],
    authority,
  );
  return {authority: authority.certificate, server, client};
}

async function make(
  commonName: string,
  extensions: Extensions,
  authority?: KeyAndCertificate,
  hasExpired = false,
): Promise<KeyAndCertificate> {
  const made = await generate([{name: 'commonName', value: commonName}], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions,
    ...(hasExpired && {
      notBeforeDate: new Date('2020-01-01'),
      notAfterDate: new Date('2021-01-01'),
    }),
    ...(authority && {ca: {key: authority.key, cert: authority.certificate}}),
  });
  return {key: made.private, certificate: made.cert};
}
