/**
 * What may stand in a file in the place of a value, as JSON Schema for editors. They read YAML's numbers and booleans as
 * such, while here a value is the text that was written; and a text with `${NAME}` in it may become anything.
 */
export type EditorSchema = Readonly<Record<string, unknown>>;

const VARIABLE = String.raw`\$\{[A-Za-z_]\w*\}`;

const withVariable = {type: 'string', pattern: VARIABLE} as const;

/** Some of what is a number to an editor. */
const numbers = ['1', '12345678', '1'.repeat(32)];

/** Text that matches; without a pattern any that is not empty. */
export function textValue(pattern?: RegExp): EditorSchema {
  if (pattern === undefined) return {type: ['string', 'number', 'boolean'], minLength: 1};
  const types = [
    'string',
    ...(numbers.some((text) => pattern.test(text)) ? ['number'] : []),
    ...(pattern.test('true') ? ['boolean'] : []),
  ];
  return {type: types, pattern: orVariable(pattern)};
}

/** An integer in this range, or digits in quotes. */
export function integerValue(min: number, max: number): EditorSchema {
  return {type: ['integer', 'string'], minimum: min, maximum: max, pattern: orVariable(/^-?\d+$/)};
}

/** `true` or `false`. */
export const flagValue: EditorSchema = {
  type: ['boolean', 'string'],
  pattern: orVariable(/^(true|false)$/),
};

/** One of these; `3` is a number to an editor. */
export function choiceValue(values: readonly string[]): EditorSchema {
  const asNumbers = values.filter((value) => /^\d+$/.test(value)).map(Number);
  return {anyOf: [{enum: [...values, ...asNumbers]}, withVariable]};
}

/** Items with commas between, or a list of them; the pattern is of one whole item. */
export function listValue(pattern?: RegExp): EditorSchema {
  return {
    anyOf: [
      textValue(pattern && separated(pattern)),
      {type: 'array', items: textValue(pattern), minItems: 1},
    ],
  };
}

function separated({source}: RegExp): RegExp {
  const item = String.raw`\s*(?:${source.replaceAll(/^\^|\$$/g, '')})\s*`;
  return new RegExp(`^${item}(?:,${item})*$`);
}

/** Texts by name, or the same as JSON. */
export const mappingValue: EditorSchema = {
  anyOf: [
    {type: 'string', minLength: 1},
    {type: 'object', additionalProperties: textValue(), minProperties: 1},
  ],
};

function orVariable({source}: RegExp): string {
  return `(?:${source})|${VARIABLE}`;
}
