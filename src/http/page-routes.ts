import {readFile, readdir} from 'node:fs/promises';
import {extname, join} from 'node:path';
import {publicRoute} from './authentication.ts';
import type {Routes} from './routes.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The page asks nobody but this server, and nobody may put it into a frame. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page at `/`: the files of a folder, read once. Without the folder, which `npm run build` fills, there is none. */
export async function pageRoutes(directory: string): Promise<Routes> {
  const names = await readdir(directory).catch(() => []);
  const files = await Promise.all(
    names
      .filter((name) => types[extname(name)] !== undefined)
      .map(async (name) => [name, await readFile(join(directory, name))] as const),
  );
  return (server) => {
    for (const [name, body] of files) {
      server.get(
        name === 'index.html' ? '/' : `/${name}`,
        {config: publicRoute, schema: {hide: true}},
        (_request, reply) =>
          reply
            .type(types[extname(name)] ?? '')
            .headers({
              'cache-control': 'no-cache',
              'content-security-policy': policy,
              'x-content-type-options': 'nosniff',
              'referrer-policy': 'no-referrer',
            })
            .send(body),
      );
    }
  };
}
