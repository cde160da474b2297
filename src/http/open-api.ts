import swagger from '@fastify/swagger';
import type {FastifyInstance} from 'fastify';
import {failureSchema} from './failure.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its answer has begun before anything can fail. */
    isStream?: boolean;
  }
  interface FastifySchema {
    /** As OpenAPI has it. */
    summary?: string;
  }
}

/**
 * Describes the routes that are registered after this as OpenAPI, at `/api/openapi.json`: what their schemas say, and
 * the failures that all of them can answer.
 */
export async function describeRoutes(
  server: FastifyInstance,
  {version, hasToken}: {readonly version: string; readonly hasToken: boolean},
): Promise<void> {
  server.addHook('onRoute', (route) => {
    const {schema = {}, config} = route;
    if (schema.hide === true) return;
    const isPublic = config?.isPublic === true;
    const refused = hasToken && !isPublic ? {401: failureSchema} : {};
    const failed = isPublic || config?.isStream === true ? {} : {500: failureSchema};
    route.schema = {
      ...schema,
      ...(hasToken && isPublic && {security: []}),
      response: {...(schema.response as object | undefined), ...refused, ...failed},
    };
  });
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'millrace',
        description: 'Everything is read-only. A token is wanted where `http.auth.token` is set.',
        version,
      },
      ...(hasToken && {
        components: {
          securitySchemes: {
            token: {type: 'http', scheme: 'bearer', description: 'The `http.auth.token`.'},
          },
        },
        security: [{token: []}],
      }),
    },
  });
  server.get('/api/openapi.json', {schema: {hide: true}}, () => server.swagger());
}
