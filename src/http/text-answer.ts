/** An answer of this media type that is no JSON, as OpenAPI has it under `content`. */
export function textSchema(type: string): object {
  return {[type]: {schema: {type: 'string'}}};
}
