import { describe, expect, it } from 'vitest';
import type { InstanceView } from '../../../sample-app/shop/service-instance.js';
import { brokers } from '../../support/brokers.js';
import { eventually } from '../../support/wait.js';
import { countingSuite } from './counting.suite.js';
import { usePostgres } from './database.js';
import { startShopProcess } from './npm-start.js';
import type { RunningShop } from './npm-start.js';

// Not describeBrokers(): this file runs beside those for the real STAN server.
const row = brokers.find(({ name }) => name === 'jetstream')!;
const { missing } = row;
if (missing && process.env['CI'] === 'true') throw new Error(`${row.title} is missing in CI: ${missing}`);
const skipped = missing ? ` (skipped: ${missing})` : '';

describe.skipIf(missing)(`events that come early, or again | ${row.title}${skipped}`, () => {
  const postgres = usePostgres();
  countingSuite(row, postgres);
});

describe.skipIf(missing)(`BROKER=jetstream npm start${skipped}`, () => {
  it('sells a ticket over JetStream, goes on after a kill -9 of an instance, and ends in order on Ctrl-C', async () => {
    const shop = await startShopProcess([], { BROKER: 'jetstream' });
    expect(shop.printed()).toMatch(/event bus +nats:.*nats-server with JetStream/);
    const ticket = await ask<{ id: string }>(shop, 'POST', 'tickets', { title: 'Concert', price: 20 });
    await copyShows(shop, { id: ticket.id, version: 0, price: 20 });

    const [orders] = (await ask<InstanceView[]>(shop, 'GET', 'instances')).filter(
      ({ service }) => service === 'orders',
    );
    process.kill(orders!.pid!, 'SIGKILL');
    await ask(shop, 'PATCH', `tickets/${ticket.id}`, { price: 25 });
    await copyShows(shop, { id: ticket.id, version: 1, price: 25 });

    const order = await ask<{ id: string }>(shop, 'POST', 'orders', { ticketId: ticket.id });
    await copyShows(shop, { id: ticket.id, version: 2, orderId: order.id });

    shop.signal('SIGINT');
    expect(await shop.ended()).toBe(0);
    expect(shop.printed()).toMatch(/Stopped\.\s*$/);
    expect(shop.printed()).not.toMatch(/ERROR|WARN/);
  });
});

async function ask<T>(shop: RunningShop, method: string, path: string, body?: object): Promise<T> {
  const answer = await fetch(`${shop.url}/api/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  expect(answer.ok, `${method} ${path}: ${answer.status}`).toBe(true);
  return (await answer.json()) as T;
}

function copyShows(shop: RunningShop, copy: object): Promise<unknown> {
  return eventually(async () => expect(await ask<object[]>(shop, 'GET', 'ticket-copies')).toMatchObject([copy]), {
    what: `the copy in orders to be ${JSON.stringify(copy)}`,
    timeoutMs: 30_000,
  });
}
