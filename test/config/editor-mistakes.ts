import {readFileSync} from 'node:fs';
import {Ajv} from 'ajv';
import {parse} from 'yaml';

const schema = JSON.parse(readFileSync('docs/millrace.schema.json', 'utf8')) as object;
const validate = new Ajv({allErrors: true, allowUnionTypes: true}).compile(schema);

/** What an editor marks in a file: where, and what the JSON Schema says of it. */
export function editorMistakes(yaml: string): readonly string[] {
  validate(parse(yaml));
  return (validate.errors ?? []).map(
    ({instancePath, message, params}) => `${instancePath}: ${message} ${JSON.stringify(params)}`,
  );
}
