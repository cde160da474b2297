import axe from 'axe-core';
import type {Browser, Page} from 'playwright-core';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {apiRoutes} from '../../src/http/api-routes.ts';
import {pageRoutes} from '../../src/http/page-routes.ts';
import {startHttp} from '../../src/http/start-http.ts';
import type {HttpServer} from '../../src/http/start-http.ts';
import {AnsweringApi} from '../http/answering-api.ts';
import {openBrowser} from '../support/browser.ts';

const TOKEN = 'token-of-a-test';

let server: HttpServer;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  const routes = [...apiRoutes(new AnsweringApi().deps), await pageRoutes('dist/page')];
  server = await startHttp({host: '127.0.0.1', port: 0, token: TOKEN, routes});
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

beforeEach(async () => {
  page = await browser.newPage({locale: 'en-GB', viewport: {width: 1280, height: 860}});
  page.setDefaultTimeout(30_000);
  await page.goto(server.url);
  await page.getByText('The service wants a token').waitFor();
});
afterEach(() => page.close());

async function give(token: string): Promise<void> {
  await page.getByLabel('Token of the service').fill(token);
  await page.getByRole('button', {name: 'Show the pipeline'}).click();
}

describe('the page of a service with a token', () => {
  test('asks for the token, and shows nothing but that', async () => {
    await page.evaluate(axe.source);
    const violations = await page.evaluate(async () => {
      const {axe: tool} = window as unknown as {axe: typeof axe};
      return (await tool.run()).violations.map(({id, nodes}) => `${id}: ${nodes[0]?.html}`);
    });

    expect(await page.locator('main').textContent()).toBe(
      'Token of the service (http.auth.token)Show the pipeline',
    );
    expect(violations).toEqual([]);
  });

  test('says that a token is not the right one', async () => {
    await give('another-token');
    await page.getByRole('alert').waitFor();

    expect(await page.getByRole('alert').textContent()).toBe(
      'The service does not take this token.',
    );
    expect(await page.locator('.pipeline').count()).toBe(0);
  });

  test('shows the pipeline and its records to who has the token, also after a reload', async () => {
    await give(TOKEN);
    await page.locator('.pipeline').waitFor();
    await page.reload();
    await page.locator('[data-node="topic/orders_enriched"]').click();
    await page.locator('.details').waitFor();

    expect(await page.getByText('The service wants a token').count()).toBe(0);
    expect(await page.evaluate(() => JSON.stringify(localStorage))).toBe('{}');
    expect(page.url()).toBe(`${server.url}/`);
  });
});
