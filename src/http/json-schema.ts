import {z} from 'zod';

/** The schema as fastify and OpenAPI take it. */
export function jsonSchema(schema: z.ZodType): object {
  const {$schema: _, ...rest} = z.toJSONSchema(schema, {target: 'draft-7', io: 'input'});
  return rest;
}
