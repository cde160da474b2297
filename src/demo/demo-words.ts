/** What the demo's rows are made of. */
type Words = readonly [string, ...string[]];

export const firstNames: Words = [
  ...(['Ada', 'Amir', 'Anneke', 'Bela', 'Carmen', 'Chidi', 'Dagny', 'Darius', 'Elif'] as const),
  ...(['Emeka', 'Fatima', 'Felix', 'Greta', 'Haruki', 'Ingrid', 'Ivo', 'Jamila', 'João'] as const),
  ...(['Kaya', 'Kofi', 'Leila', 'Linus', 'Magda', 'Mateo', 'Naomi', 'Nils', 'Oksana'] as const),
  ...(['Omar', 'Priya', 'Quentin', 'Ravi', 'Rosa', 'Sven', 'Tala', 'Théo', 'Uma'] as const),
  ...(['Viktor', 'Wanda', 'Xenia', 'Yusuf', 'Zoë'] as const),
];

export const lastNames: Words = [
  ...(['Abara', 'Almeida', 'Bergström', 'Castillo', 'Dubois', 'Eriksen', 'Farouk'] as const),
  ...(['Ferrari', 'Gupta', 'Haddad', 'Hoffmann', 'Ibrahim', 'Jansen', 'Kowalski'] as const),
  ...(['Larsen', 'Moreau', 'Nakamura', "O'Brien", 'Okafor', 'Petrov', 'Quispe'] as const),
  ...(['Rossi', 'Santos', 'Schneider', 'Tanaka', 'Ueda', 'Vargas', 'Weber', 'Yilmaz'] as const),
];

export const mailHosts: Words = ['example.com', 'example.net', 'example.org'];

export const streets: Words = [
  ...(['Acacia', 'Birch', 'Canal', 'Dock', 'Elm', 'Foundry', 'Garden', 'Harbor'] as const),
  ...([
    'Juniper',
    'Lake',
    'Main',
    'Mill',
    'North',
    'Orchard',
    'Quarry',
    'River',
    'Tannery',
  ] as const),
];

export const streetKinds: Words = ['Avenue', 'Lane', 'Road', 'Street', 'Way'];

/** State, and how its zip codes begin. */
export const states: readonly [readonly [string, string], ...(readonly [string, string])[]] = [
  ['Arizona', '850'],
  ['California', '941'],
  ['Colorado', '802'],
  ['Florida', '331'],
  ['Georgia', '303'],
  ['Illinois', '606'],
  ['Massachusetts', '021'],
  ['Minnesota', '554'],
  ['New York', '100'],
  ['Oregon', '972'],
  ['Texas', '733'],
  ['Washington', '981'],
];

export const sizes: Words = ['XS', 'S', 'M', 'L', 'XL', '2XL'];

export const qualities: Words = [
  ...(['Compact', 'Ergonomic', 'Featherweight', 'Foldable', 'Handmade', 'Insulated'] as const),
  ...(['Quiet', 'Recycled', 'Rugged', 'Seamless', 'Slim', 'Vintage', 'Waterproof'] as const),
];

export const materials: Words = [
  ...(['Bamboo', 'Canvas', 'Copper', 'Cork', 'Cotton', 'Linen', 'Merino', 'Oak'] as const),
  ...(['Slate', 'Steel', 'Walnut'] as const),
];

/** Thing, and the department that sells it. */
export const things: readonly [readonly [string, string], ...(readonly [string, string])[]] = [
  ['Backpack', 'Outdoors'],
  ['Bottle', 'Outdoors'],
  ['Boots', 'Shoes'],
  ['Chair', 'Home'],
  ['Gloves', 'Clothing'],
  ['Hat', 'Clothing'],
  ['Jacket', 'Clothing'],
  ['Lamp', 'Home'],
  ['Mug', 'Kitchen'],
  ['Notebook', 'Office'],
  ['Pan', 'Kitchen'],
  ['Sneakers', 'Shoes'],
  ['Tent', 'Outdoors'],
  ['Wrench', 'Tools'],
];
