import {
  firstNames,
  lastNames,
  mailHosts,
  materials,
  qualities,
  sizes,
  states,
  streetKinds,
  streets,
  things,
} from './demo-words.ts';
import type {Random} from './random.ts';

/** Rows of the demo's tables, columns in the tables' order. */
export type CustomerRow = readonly [
  id: string,
  firstName: string,
  lastName: string,
  email: string,
  phone: string,
];

export type DemographicRow = readonly [
  id: string,
  streetAddress: string,
  state: string,
  zipCode: string,
  country: string,
  countryCode: string,
];

export type ProductRow = readonly [
  productId: string,
  size: string,
  product: string,
  department: string,
  price: string,
];

export function customerRow(random: Random, id: string): CustomerRow {
  const first = random.pick(firstNames);
  const last = random.pick(lastNames);
  const mailbox = `${first}.${last}`
    .normalize('NFD')
    .replaceAll(/[^A-Za-z.]/g, '')
    .toLowerCase();
  const email = `${mailbox}${random.below(1000)}@${random.pick(mailHosts)}`;
  return [id, first, last, email, phone(random)];
}

/** Where the customer `id` lives. */
export function demographicRow(random: Random, id: string): DemographicRow {
  const [state, zipStart] = random.pick(states);
  const zipCode = zipStart + String(random.below(100)).padStart(2, '0');
  return [id, streetAddress(random), state, zipCode, 'United States', 'US'];
}

export function productRow(random: Random, id: string): ProductRow {
  const [thing, department] = random.pick(things);
  const product = `${random.pick(qualities)} ${random.pick(materials)} ${thing}`;
  return [id, random.pick(sizes), product, department, price(random)];
}

/** A number from the range that is kept for fiction: 555-0100 to 555-0199. */
export function phone(random: Random): string {
  return `${random.digits(3)}-555-01${String(random.below(100)).padStart(2, '0')}`;
}

export function streetAddress(random: Random): string {
  return `${1 + random.below(9999)} ${random.pick(streets)} ${random.pick(streetKinds)}`;
}

export function price(random: Random): string {
  return `$${1 + random.below(199)}.${String(random.below(100)).padStart(2, '0')}`;
}
