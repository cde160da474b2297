// Takes the pictures of the README: the demo runs for a while in a folder of its own, and a browser looks at its page.
import {spawn} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import chromium from '@sparticuz/chromium';
import {chromium as playwright} from 'playwright-core';

const url = 'http://127.0.0.1:18080';
const folder = mkdtempSync(join(tmpdir(), 'millrace-screenshots-'));
const service = spawn(process.execPath, [resolve('dist/main.js')], {
  cwd: folder,
  env: {...process.env, MILLRACE_HTTP_LISTEN: new URL(url).host},
  stdio: ['ignore', 'pipe', 'inherit'],
});
await new Promise((shown) =>
  service.stdout.on('data', (text) => String(text).includes('order_id') && shown()),
);
const browser = await playwright.launch({
  executablePath: await chromium.executablePath(),
  args: ['--no-sandbox', '--disable-gpu'],
});
mkdirSync('docs/images', {recursive: true});
// Long enough for the charts to show more than their beginning.
await pause(Number(process.argv[2] ?? 180) * 1000);
await picture('page-light', 'light');
await picture('page-dark', 'dark');
await picture('page-lineage', 'light', async (page) => {
  await page.locator('.rows .link').first().click();
  await page.locator('.lineage .tree').first().waitFor();
});
await browser.close();
service.kill('SIGTERM');
await new Promise((ended) => service.on('exit', ended));
rmSync(folder, {recursive: true, force: true});

async function picture(name, colorScheme, prepare = async () => undefined) {
  const viewport = {width: 1280, height: 860};
  const page = await browser.newPage({viewport, colorScheme, locale: 'en-GB'});
  await page.goto(url);
  await page.getByText('All running').waitFor();
  await page.locator('.rows .link').first().waitFor();
  // The rates are over ten seconds.
  await page.waitForTimeout(11_000);
  await prepare(page);
  await page.screenshot({path: `docs/images/${name}.png`});
  await page.close();
}
