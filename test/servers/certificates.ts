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

/** A new authority and what it signs, valid for a year. */
export async function makeCertificates(): Promise<Certificates> {
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
        altNames: [
          {type: 2, value: 'localhost'},
          {type: 7, ip: '127.0.0.1'},
        ],
      },
    ],
    authority,
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
): Promise<KeyAndCertificate> {
  const made = await generate([{name: 'commonName', value: commonName}], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions,
    ...(authority && {ca: {key: authority.key, cert: authority.certificate}}),
  });
  return {key: made.private, certificate: made.cert};
}
