import type {FastifyInstance} from 'fastify';

/** Adds one group of routes to the server. */
export type Routes = (server: FastifyInstance) => void;
