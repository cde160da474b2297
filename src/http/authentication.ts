import {createHash, timingSafeEqual} from 'node:crypto';
import type {FastifyInstance} from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered without a token: says nothing that others may not know. */
    isPublic?: boolean;
  }
}

/** The `config` of a route that everybody may ask. */
export const publicRoute = {isPublic: true} as const;

/** Lets the server answer 401 to every request without `Authorization: Bearer <token>`, but for public routes. */
export function requireToken(server: FastifyInstance, token: string): void {
  const wanted = digest(token);
  server.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.isPublic === true) return;
    const [, given] = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '') ?? [];
    // Digests have one length, and comparing them takes one time, whatever was given.
    if (given !== undefined && timingSafeEqual(digest(given), wanted)) return;
    await reply
      .code(401)
      // https://www.rfc-editor.org/rfc/rfc6750#section-3
      .header(
        'www-authenticate',
        `Bearer realm="millrace"${given === undefined ? '' : ', error="invalid_token"'}`,
      )
      .send({
        error:
          given === undefined
            ? 'Send the http.auth.token of the service, as `Authorization: Bearer <token>`.'
            : 'This is not the http.auth.token of the service.',
        code: 'UNAUTHORIZED',
      });
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
