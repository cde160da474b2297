import axe from 'axe-core';
import type {Browser, Page, ViewportSize} from 'playwright-core';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import type {PipelineGraph} from '../../src/monitor/pipeline.ts';
import {ordersTopology} from '../../src/topology.ts';
import {openBrowser} from '../support/browser.ts';
import {DemoService} from '../support/demo-service.ts';

let service: DemoService;
let browser: Browser;
let page: Page;
/** What the browser complained about, and whatever it asked others for. */
let complaints: string[];

beforeAll(async () => {
  [service, browser] = await Promise.all([DemoService.start(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await service?.close();
});

const LAPTOP = {width: 1280, height: 860};

async function open(
  colorScheme: 'light' | 'dark' = 'light',
  viewport: ViewportSize = LAPTOP,
): Promise<void> {
  page = await browser.newPage({colorScheme, locale: 'en-GB', viewport});
  page.setDefaultTimeout(30_000);
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', ({message}) => complaints.push(message));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== service.url) complaints.push(request.url());
  });
  await page.goto(service.url);
  await page.getByText('All running').waitFor();
  await page.locator('.rows .link').first().waitFor();
}

async function shown(attribute: string): Promise<readonly string[]> {
  return page
    .locator(`[${attribute}]`)
    .evaluateAll(
      (elements, name) => elements.map((element) => element.getAttribute(name) ?? ''),
      attribute,
    );
}

async function graph(): Promise<PipelineGraph> {
  return (await (await fetch(`${service.url}/api/pipeline/graph`)).json()) as PipelineGraph;
}

describe('the page', () => {
  beforeEach(() => {
    complaints = [];
  });
  afterEach(async () => {
    await page.close();
  });

  test('shows every topic, operator and store of the topology, from the source tables to the warehouse', async () => {
    await open();

    await page.getByRole('button', {name: 'Every operator'}).click();
    await page.locator('.member').first().waitFor();

    const topology = ordersTopology({semantics: 'cdc', ordersDeletes: 'ignore'});
    const drawn = await shown('data-node');
    expect(drawn).toEqual(
      expect.arrayContaining([
        ...topology.nodes.map((node) =>
          node.kind === 'operator' ? `operator/${node.name}` : `topic/${node.topic.name}`,
        ),
        ...topology.stores.map(({name}) => `store/${name}`),
        'table/customers/customers.customers',
        'table/products/products.orders',
        'warehouse/local/orders_enriched',
      ]),
    );
    expect(new Set(drawn).size).toBe(drawn.length);
    expect((await shown('data-list-node')).toSorted()).toEqual(
      (await graph()).nodes.map(({id}) => id).toSorted(),
    );
    expect(complaints).toEqual([]);
  });

  test('moves: the rows in the warehouse grow, and the newest ones are shown', async () => {
    await open();
    const row = page.locator('.rows .link').first();
    const before = await row.textContent();
    const card = page.locator('[data-node="warehouse/local/orders_enriched"] .numbers span');
    const rows = await card.textContent();

    await page.waitForFunction(
      ([key, count]) => {
        const text = document.querySelector('[data-node^="warehouse/"] .numbers span')?.textContent;
        const hasMore = text !== count && /^[1-9]/.test(text ?? '');
        return hasMore && document.querySelector('.rows .link')?.textContent !== key;
      },
      [before, rows],
    );

    expect(Number((await card.textContent())?.replaceAll(',', ''))).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
  });

  test('draws where an order comes from over the graph', async () => {
    await open();

    await page.locator('.rows .link').first().click();
    await page.locator('.lineage .tree').first().waitFor();

    expect(await page.locator('.lineage').textContent()).toContain(
      'joined with customers_enriched',
    );
    expect(await page.locator('.traced > [data-node="step/join products"]').count()).toBe(1);
    expect(
      await page.locator('.traced > [data-node="table/products/products.orders"]').count(),
    ).toBe(1);
    expect(complaints).toEqual([]);
  });

  test('shows the newest records of what is clicked', async () => {
    await open();

    await page.locator('[data-node="topic/postgres.products.orders"]').click();
    await page.locator('.details .rows tbody tr').first().waitFor();

    expect(await page.locator('.details .rows').textContent()).toContain('customer_id');
    expect(complaints).toEqual([]);
  });

  test.each([
    ['a phone', {width: 390, height: 844}],
    ['a tablet', {width: 820, height: 1180}],
    ['a laptop', LAPTOP],
    ['a wide screen', {width: 1600, height: 1000}],
  ])('is never wider than %s, with all that can be opened in it', async (_, viewport) => {
    await open('light', viewport);
    await page.locator('.rows .link').first().click();
    await page.locator('.lineage .tree').first().waitFor();
    await page.getByRole('button', {name: 'Every operator'}).click();
    await page.locator('.member').first().waitFor();

    const width = await page.evaluate(() => document.documentElement.scrollWidth);

    expect(width).toBeLessThanOrEqual(viewport.width);
    expect(complaints).toEqual([]);
  });

  test.each([
    ['a laptop', LAPTOP],
    ['a wide screen', {width: 1600, height: 1000}],
  ])('shows the whole pipeline at once on %s', async (_, viewport) => {
    await open('light', viewport);

    const beyond = await page
      .locator('.graph-scroll')
      .evaluate(({scrollWidth, clientWidth}) => scrollWidth - clientWidth);

    expect(beyond).toBe(0);
  });

  test.each([
    ['light', LAPTOP],
    ['dark', LAPTOP],
    ['light', {width: 390, height: 844}],
  ] as const)('has no fault that axe finds, %s, %o', async (scheme, viewport) => {
    await open(scheme, viewport);
    await page.locator('[data-node="step/products"]').click();
    await page.locator('.details .rows tbody tr').first().waitFor();

    await page.evaluate(axe.source);
    const violations = await page.evaluate(async () => {
      const {axe: tool} = window as unknown as {axe: typeof axe};
      const found = await tool.run();
      return found.violations.map(({id, nodes}) => `${id}: ${nodes[0]?.html}`);
    });

    expect(violations).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test('tells that Postgres has stopped and what to do, and that it is back', async () => {
    await open();

    service.stopPostgres();
    const condition = page.locator('.condition').first();
    await condition.waitFor();
    const text = await condition.textContent();
    service.continuePostgres();
    await condition.waitFor({state: 'detached'});
    await page.getByText('All running').waitFor();

    expect(text).toContain('source ');
    expect(complaints).toEqual([]);
  });

  test('says that the service does not answer, and goes on when it is back', async () => {
    await open();

    await service.end('SIGKILL');
    await page.getByText('The service does not answer').waitFor();
    await service.start();
    await page.getByText('restarted').waitFor();

    await page.getByText('All running').waitFor();
    expect(complaints.filter((text) => !text.includes('ERR_'))).toEqual([]);
  });
});
