import { existsSync } from 'node:fs';
import type { Browser, Locator, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import { eventually } from '../../support/wait.js';
import type { RunningShop } from './npm-start.js';
import { startShopProcess } from './npm-start.js';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const missing = !existsSync(executablePath);
if (missing && process.env['CI'] === 'true')
  throw new Error(`no chromium at ${executablePath}: apt-get install chromium`);

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const title = missing ? `the page (skipped: no chromium at ${executablePath})` : 'the page';
describe.skipIf(missing)(title, () => {
  let browser: Browser;
  /** What all cases use that need no shop of their own. */
  let shop: RunningShop;

  beforeAll(async () => {
    [browser, shop] = await Promise.all([
      chromium.launch({ executablePath, args: flags, headless: true }),
      startShopProcess(),
    ]);
  }, 120_000);
  afterAll(() => Promise.all([browser.close(), shop.remove()]));

  const openPage = (at = shop) => openPageOf(browser, at);

  it('creates, reprices and orders a ticket, and shows each event at the instance that it went through', async () => {
    const page = await openPage();
    await create(page, 'Concert', 20);
    const ticket = page.locator('#tickets tbody tr', { hasText: 'Concert' });
    await shows(ticket, /free.*20\.00.*v0.*v0/);

    await ticket.getByLabel('New price').fill('25.5');
    await ticket.getByRole('button', { name: 'Reprice' }).click();
    await shows(ticket, /25\.50.*v1.*v1/);

    await ticket.getByRole('button', { name: 'Order' }).click();
    await shows(page.locator('#orders tbody tr'), /Concert.*25\.50.*created/);
    await shows(ticket, /reserved.*v2.*v2/);

    await shows(lane(page, 'tickets-1'), /ticket:created.*v0.*Concert.*published/);
    await shows(lane(page, 'orders-1'), /ticket:updated.*v1.*#1 Concert.*counted/);
    await shows(lane(page, 'tickets-1'), /order:created.*v0.*#1 Concert.*counted/);

    await page.getByRole('button', { name: 'Cancel' }).click();
    await shows(ticket, /free.*v3.*v3/);
    expect(await page.locator('#problem').isVisible()).toBe(false);
  });

  it('shows a failing handler, a duplicate and a killed instance, and that nothing is lost by them', async () => {
    const page = await openPage();
    await create(page, 'Opera', 80);
    const ticket = page.locator('#tickets tbody tr', { hasText: 'Opera' });
    await shows(ticket, /v0.*v0/);

    await fault(page, 'tickets-1', 'Twice').click();
    await pressed(fault(page, 'tickets-1', 'Twice'));
    await ticket.getByRole('button', { name: 'Reprice' }).click();
    await shows(lane(page, 'orders-1'), /v1.*stale/);
    await fault(page, 'tickets-1', 'Twice').click();

    await fault(page, 'orders-1', 'Fail 3').click();
    await pressed(fault(page, 'orders-1', 'Fail 3'));
    await ticket.getByRole('button', { name: 'Reprice' }).click();
    await shows(lane(page, 'orders-1'), /v2.*failed/);

    await fault(page, 'orders-1', 'Kill').click();
    await shows(lane(page, 'orders-1'), /dead/);
    await ticket.getByRole('button', { name: 'Reprice' }).click();
    await shows(lane(page, 'orders-1'), /started again once/);
    await shows(ticket, /v3.*v3/);
  });

  it('parks early events where one of two instances is slow, and shows stale ones where every event comes twice', async () => {
    const page = await openPage(await startShopProcess(['--instances', '2']));
    await create(page, 'Ballet', 50);
    const ticket = page.locator('#tickets tbody tr', { hasText: 'Ballet' });
    await shows(ticket, /v0.*v0/);

    await fault(page, 'orders-1', 'Slow').click();
    await pressed(fault(page, 'orders-1', 'Slow'));
    await ticket.getByRole('button', { name: '×20' }).click();
    await shows(page.locator('#totals'), /parked [1-9]/);
    await fault(page, 'orders-1', 'Slow').click();
    await shows(ticket, /v20.*v20/);

    for (const instance of ['tickets-1', 'tickets-2']) {
      await fault(page, instance, 'Twice').click();
      await pressed(fault(page, instance, 'Twice'));
    }
    await ticket.getByRole('button', { name: '×20' }).click();
    await shows(page.locator('#totals'), /stale [1-9]/);
    await shows(ticket, /v40.*v40/);
  });

  it('shows how far each service is behind, and that it catches up', async () => {
    const page = await openPage();
    await create(page, 'Musical', 60);
    const ticket = page.locator('#tickets tbody tr', { hasText: 'Musical' });
    await shows(ticket, /v0.*v0/);
    const lag = page.locator('#lag');
    await shows(lag, /still to be handled: tickets 0, orders 0\./);

    await fault(page, 'orders-1', 'Slow').click();
    await pressed(fault(page, 'orders-1', 'Slow'));
    await ticket.getByRole('button', { name: '×20' }).click();
    await shows(lag, /tickets 0, orders [1-9]/);
    await fault(page, 'orders-1', 'Slow').click();
    await shows(ticket, /v20.*v20/);
    await shows(lag, /tickets 0, orders 0\./);
  });

  it('links an event to its trace: from the request through both services', async () => {
    const page = await openPage();
    await create(page, 'Recital', 30);
    await shows(lane(page, 'orders-1'), /ticket:created.*Recital.*counted/);
    const linkIn = (instance: string) => lane(page, instance).locator('li', { hasText: 'Recital' }).getByRole('link');
    const traceId = (await linkIn('orders-1').getAttribute('title'))?.replace('trace ', '');
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(await linkIn('tickets-1').getAttribute('title')).toBe(`trace ${String(traceId)}`);

    const opened = page.context().waitForEvent('page');
    await linkIn('orders-1').click();
    const shown = JSON.parse(await (await opened).locator('body').innerText()) as TraceEntry[];
    expect(new Set(shown.map((entry) => entry.traceId))).toEqual(new Set([traceId]));
    expect(shown.map(({ instance, outcome }) => `${instance} ${outcome}`)).toEqual(
      expect.arrayContaining(['tickets-1 published', 'orders-1 counted']),
    );
  });

  it('cuts nothing off on a laptop and on a phone, and greys what it can no longer vouch for', async () => {
    const own = await startShopProcess();
    const page = await openPage(own);
    await create(page, 'A concert with a name that is much longer than most names of concerts are', 1_000);
    await shows(page.locator('#tickets'), /v0.*v0/);
    await page.locator('#tickets').getByRole('button', { name: 'Order' }).click();
    await shows(page.locator('#orders tbody tr'), /created/);
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      expect(await page.evaluate(cutOff)).toEqual([]);
    }
    own.signal('SIGINT');
    await page.getByRole('status').getByText('connection lost').waitFor();
    expect(await page.evaluate('getComputedStyle(document.querySelector("main")).filter')).toBe('grayscale(1)');
  });

  it('says what is wrong with a request, in words', async () => {
    const page = await openPage();
    await page.route('**/api/tickets', (route) =>
      route.request().method() === 'POST' ? route.continue({ postData: '{"title":"","price":-1}' }) : route.continue(),
    );
    await create(page, 'Nothing', 1);
    await shows(page.getByRole('alert'), /title must be longer.*price must not be less than 0/);
    // It stays, though the page reads the lag again and again meanwhile, and goes with the next thing that works.
    await Promise.all([1, 2].map(() => page.waitForResponse('**/api/lag')));
    await shows(page.getByRole('alert'), /title must be longer/);
    await page.getByRole('button', { name: 'Slow' }).first().click();
    await expect.poll(() => page.locator('#problem').isVisible()).toBe(false);
  });
});

/** What the page behind an event's trace link lists. */
interface TraceEntry {
  readonly traceId: string;
  readonly instance: string;
  readonly outcome: string;
}

/** In the browser: what ends right of the window, or right of the box that it can be scrolled in. */
const cutOff = `[...document.querySelectorAll('button, input, .chip, .version, .badge, .scroll')]
  .filter((part) => {
    const { right, width } = part.getBoundingClientRect();
    const edge = part.closest('.scroll, .lane')?.getBoundingClientRect().right ?? innerWidth;
    return width > 0 && (right > edge + 1 || right > innerWidth + 1);
  })
  .map((part) => part.outerHTML.slice(0, 80))`;

/** The shop's page in a profile of its own, closed when the test ends. */
async function openPageOf(browser: Browser, shop: RunningShop): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1360, height: 1000 } });
  cleanUpAfterTest(() => context.close());
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  cleanUpAfterTest(() => expect(errors).toEqual([]));
  await page.goto(shop.url);
  await page.getByRole('status').getByText('live').waitFor();
  return page;
}

async function create(page: Page, name: string, price: number): Promise<void> {
  const form = page.locator('#new-ticket');
  await form.getByLabel('Title').fill(name);
  await form.getByLabel('Price').fill(String(price));
  await form.getByRole('button', { name: 'Create ticket' }).click();
}

const lane = (page: Page, instance: string) => page.locator(`[data-instance="${instance}"]`);
const fault = (page: Page, instance: string, name: string) => lane(page, instance).getByRole('button', { name });

async function shows(place: Locator, text: RegExp): Promise<void> {
  const check = async () => expect((await place.innerText()).replace(/\s+/g, ' ')).toMatch(text);
  await eventually(check, { what: `the page to show ${text.source}`, timeoutMs: 30_000, intervalMs: 50 });
}

async function pressed(button: Locator): Promise<void> {
  await eventually(async () => expect(await button.getAttribute('aria-pressed')).toBe('true'), {
    what: 'the switch to be on',
  });
}
