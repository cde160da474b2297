import {Pipeline} from './pipeline.ts';
import type {PipelineOptions} from './pipeline.ts';
import {queryPostgres} from './postgres.ts';

let serial = 0;

/** A pipeline between two databases of its own on the Postgres at `postgresPort`. */
export async function openPipeline(
  postgresPort: number,
  options: Omit<PipelineOptions, 'postgresPort' | 'customersDatabase' | 'productsDatabase'>,
): Promise<Pipeline> {
  serial++;
  const [customersDatabase, productsDatabase] = [
    `customers_${process.pid}_${serial}`,
    `products_${process.pid}_${serial}`,
  ];
  for (const name of [customersDatabase, productsDatabase])
    await queryPostgres(postgresPort, `CREATE DATABASE ${name}`, 'postgres');
  return Pipeline.create({postgresPort, customersDatabase, productsDatabase, ...options});
}
