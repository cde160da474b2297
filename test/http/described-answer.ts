import {Ajv} from 'ajv';

type Responses = Readonly<
  Record<string, {readonly content?: Readonly<Record<string, {readonly schema: object}>>}>
>;

/** An OpenAPI document, as far as tests look into it. */
export interface Described {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<Record<string, {readonly responses: Responses; readonly security?: object}>>
    >
  >;
}

/** How the answer to a GET differs from what the document says of the route; nothing where it does not. */
export async function differences(
  response: Response,
  {paths}: Described,
  route: string,
): Promise<readonly string[]> {
  const {status} = response;
  const [type = ''] = (response.headers.get('content-type') ?? '').split(';');
  const schema = paths[route]?.['get']?.responses[status]?.content?.[type]?.schema;
  const body: unknown = type === 'application/json' ? await response.json() : '';
  // A stream of events has no end.
  if (!response.bodyUsed) await response.body?.cancel();
  if (schema === undefined) return [`${status} with ${type} is not described`];
  const ajv = new Ajv({strict: false});
  return ajv.validate(schema, body) ? [] : [ajv.errorsText()];
}
