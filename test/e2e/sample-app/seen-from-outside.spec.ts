import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { describeBrokers } from '../../support/brokers.js';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import { eventually } from '../../support/wait.js';
import { usePostgres } from './database.js';
import { startTestShop } from './test-shop.js';

describeBrokers('the shop seen from outside', (row) => {
  const postgres = usePostgres();

  describe('a ticket that is made and ordered', () => {
    it('is one trace per request over both services, in /metrics of each, and at the collector', async () => {
      const collector = await startCollector();
      process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.url;
      cleanUpAfterTest(() => delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT']);
      const broker = await row.start({ clock: 'real' });
      cleanUpAfterTest(() => broker.close());
      const shop = await startTestShop(broker, postgres.url, 1);

      const { body } = await shop.ask('tickets', 'POST', '/tickets', { title: 'Concert', price: 20 });
      const { id } = body as { id: string };
      const ofTicket = () => shop.flow.filter((entry) => entry.id === id && entry.subject === 'ticket:created');
      await eventually(() => ofTicket().some(({ outcome }) => outcome === 'counted'), { timeoutMs: 20_000 });
      const traceIds = new Set(ofTicket().map(({ traceId }) => traceId));
      expect(traceIds.size).toBe(1);
      const [traceId] = traceIds;
      expect(traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(new Set(ofTicket().map(({ instance }) => instance)).size).toBe(2);

      const published = await metricsOf(shop.instances.urlsOf('tickets')[0]);
      expect(published).toMatch(/stan_published_total\{subject="ticket:created",outcome="stored"\} [1-9]/);
      const handled = await metricsOf(shop.instances.urlsOf('orders')[0]);
      expect(handled).toMatch(
        /stan_handled_total\{subject="ticket:created",handler="\w+\.\w+",outcome="acked"\} [1-9]/,
      );
      expect(handled).toContain('stan_session_up{client="server"} 1');

      // The last spans leave when the processes end.
      await shop.instances.stop();
      await eventually(() => collector.bodies.length > 0, { what: 'spans at the collector', timeoutMs: 20_000 });
      const spans = collector.bodies.join('\n');
      for (const name of ['POST /tickets', 'publish ticket:created', 'process ticket:created'])
        expect(spans).toContain(name);
      expect(spans).toContain(String(traceId));
    });
  });
});

async function metricsOf(url: string | undefined): Promise<string> {
  return (await fetch(`${String(url)}/metrics`)).text();
}

/** Takes what an OTLP exporter sends, as JSON. */
async function startCollector() {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      bodies.push(body);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUpAfterTest(() => server.close());
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
