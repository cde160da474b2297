import {mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import chromium from '@sparticuz/chromium';
import {chromium as playwright} from 'playwright-core';
import type {Browser} from 'playwright-core';

/** A Chromium that comes with an npm package; unpacked to the system's temporary folder the first time. */
export async function openBrowser(): Promise<Browser> {
  return playwright.launch({
    executablePath: await chromium.executablePath(),
    args: ['--no-sandbox', '--disable-gpu'],
    env: {...process.env, HOME: mkdtempSync(join(tmpdir(), 'millrace-browser-'))},
  });
}
