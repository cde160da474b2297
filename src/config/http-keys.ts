import {oneOf, optional, secret, text} from './option.ts';

const hostAndPort =
  /^(\[[0-9a-fA-F:]+\]|[^\s:[\]]+):([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$/;

/** Where the HTTP endpoints are, and who may ask them: keys at the top level. */
export const httpKeys = {
  'http.listen': text(
    {
      description:
        'Address of the page, `/healthz`, `/readyz`, `/metrics`, `/topology` and `/api/…`. One that other machines reach, as `0.0.0.0:8080`, needs `http.auth.token`, or `http.auth: none`.',
      default: '127.0.0.1:8080',
    },
    '`host:port`, as `127.0.0.1:8080`',
    hostAndPort,
  ),
  'http.auth': optional(
    oneOf(
      {
        description:
          '`none`: whoever reaches `http.listen` may read everything there, where something else guards it, such as a proxy or a network policy.',
      },
      ['none'],
    ),
    'only this machine, or who has the `http.auth.token`',
  ),
  'http.auth.token': optional(
    secret(
      text(
        {
          description:
            'What everybody has to send as `Authorization: Bearer <token>`, Prometheus included, but for `/healthz`, `/readyz` and the files of the page, which asks for it. All instances of an application have the same one, and so has the configuration that `millrace why` is called with.',
        },
        'a token of 8 characters or more, as `openssl rand -hex 32` makes it',
        /^[A-Za-z0-9._~+/-]{8,}=*$/,
      ),
    ),
    'no token',
  ),
  'application.server': optional(
    text(
      {
        description:
          'Where the other instances of the application reach the HTTP endpoints of this one, to answer queries for rows that it has.',
      },
      '`host:port`, as `10.0.0.7:8080`',
      hostAndPort,
    ),
    '`http.listen`; where that is all addresses, the first one of this machine that is not loopback',
  ),
};
