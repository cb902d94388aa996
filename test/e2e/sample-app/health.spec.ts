import { describe, expect, it } from 'vitest';
import { brokers } from '../../support/brokers.js';
import { eventually } from '../../support/wait.js';
import { usePostgres } from './database.js';
import { startTestShop } from './test-shop.js';

describe('GET /health', () => {
  const postgres = usePostgres();

  it('says 503 and what is missing while the event bus is away, and 200 again once it is back', async () => {
    const broker = await brokers[0]!.start({ clock: 'real' });
    const shop = await startTestShop(broker, postgres.url, 1);
    const [url] = shop.instances.urlsOf('orders');
    const answers = async (status: number, stan: string) => {
      const answer = await fetch(`${url!}/health`);
      expect(answer.status).toBe(status);
      expect(await answer.json()).toMatchObject({ details: { stan: { status: stan }, database: { status: 'up' } } });
    };
    await answers(200, 'up');
    await broker.kill();
    await eventually(() => answers(503, 'down'), { what: 'the loss to be told', timeoutMs: 30_000 });
    await broker.restart();
    await eventually(() => answers(200, 'up'), { what: 'the return to be told', timeoutMs: 30_000 });
  });

  it('says 503 when the database is away, though the event bus is there', async () => {
    const broker = await brokers[0]!.start({ clock: 'real' });
    const shop = await startTestShop(broker, postgres.url, 1);
    const [url] = shop.instances.urlsOf('tickets');
    // The instance may not come back to it, the test's own connection is let alone.
    await shop.databases.orders.query('ALTER DATABASE sample_tickets ALLOW_CONNECTIONS false');
    await shop.databases.orders.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'sample_tickets'",
    );
    const answer = await fetch(`${url!}/health`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ details: { stan: { status: 'up' }, database: { status: 'down' } } });
    await shop.databases.orders.query('ALTER DATABASE sample_tickets ALLOW_CONNECTIONS true');
  });
});
