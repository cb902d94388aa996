// Servers and accounts as operators set them up: without JetStream, with permissions, with a prefix for inboxes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { durableQueue } from 'nestjs-stan';
import { jetstream } from 'nestjs-stan/jetstream';
import { expect, it } from 'vitest';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import { contract, emitAll, listenerFor, upTo } from '../../support/contract.js';
import { fresh } from '../../support/fresh.js';
import { startRealServer } from '../../support/real-server.js';
import { collectingLogger, startStanApp, startStanClient } from '../../support/stan-app.js';
import { eventually } from '../../support/wait.js';

/** What docs/jetstream.md says that an application needs, for streams that are the operator's. */
const forApplications = {
  publish: [
    ...['$JS.API.STREAM.NAMES', '$JS.API.STREAM.INFO.>', '$JS.API.CONSUMER.CREATE.>', '$JS.API.CONSUMER.INFO.>'],
    ...['$JS.API.CONSUMER.DELETE.>', '$JS.API.CONSUMER.MSG.NEXT.>', '$JS.ACK.>', 'shop.>'],
  ],
  subscribe: ['_INBOX_orders.>'],
};

function configFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-stan-nats-'));
  cleanUpAfterTest(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'nats.conf');
  writeFileSync(path, text);
  return path;
}

contract(
  'connecting to a server of an operator',
  (t) => {
    it('fails at once at a server without JetStream, says so, and asks for no cluster id', async () => {
      const server = await startRealServer({ kind: 'jetstream', withoutJetStream: true });
      const connecting = t.client({ servers: server.url });
      await expect(connecting).rejects.toMatchObject({ code: 'STAN_CONNECT_FAILED', retryable: false });
      await expect(connecting).rejects.toThrow(/JetStream is not enabled there; check servers.*-js/);
      await expect(connecting).rejects.not.toThrow(/clusterId/);
    });

    it('works with no more permissions than the docs say, and with an inboxPrefix of its own', async () => {
      const users = `[
        { user: operator, password: secret }
        { user: orders, password: secret, permissions: ${JSON.stringify(forApplications)} }
      ]`;
      const { url } = await startRealServer({
        kind: 'jetstream',
        args: ['-c', configFile(`authorization { users: ${users} }`)],
      });
      const operator = await connect({ servers: url, user: 'operator', pass: 'secret' });
      cleanUpAfterTest(() => operator.close());
      await operator.request('$JS.API.STREAM.CREATE.SHOP', JSON.stringify({ name: 'SHOP', subjects: ['shop.>'] }));

      const connection = { user: 'orders', pass: 'secret', inboxPrefix: '_INBOX_orders' };
      const broker = { url, clusterId: 'none', driver: jetstream({ streams: 'require' }) };
      const seen: number[] = [];
      const [clientId, durableName] = [fresh('orders'), fresh('audit')];
      const start = () =>
        startStanApp({
          broker,
          server: { clientId, connection },
          controllers: [
            listenerFor('shop.orders', durableQueue('orders'), (id: number) => void seen.push(id)),
            listenerFor('shop.audit', { durableName, startAt: 'first' }, () => undefined),
          ],
        });
      const app = await start();
      const client = await startStanClient(broker, { connection });
      await emitAll(client, 'shop.orders', upTo(10));
      await eventually(() => expect(seen).toEqual(upTo(10)));
      await app.close();
      await start();
      await client.emitAsync('shop.orders', 10);
      await eventually(() => expect(seen).toEqual(upTo(11)));
      await expect(client.emitAsync('else', 1)).rejects.toMatchObject({ code: 'STAN_PUBLISH_REFUSED' });
    });

    it('says of a lost connection what it means here, in words without a session', async () => {
      const logger = collectingLogger();
      await t.app({
        configure: (app) => app.useLogger(logger),
        controllers: [listenerFor(fresh('orders'), durableQueue('orders'), () => undefined)],
      });
      await t.broker.restart({ state: 'kept' });
      const line = await eventually(() => logger.lines.find(({ text }) => text.includes('lost')) ?? false);
      expect(line.text).toContain('connection to the server lost; streams and consumers stay as they are meanwhile');
      expect(logger.lines.map(({ text }) => text.replace('ServerStan', '')).join('\n')).not.toMatch(/STAN|session/);
    });

    it('says that it has given up in words without a session', async () => {
      const client = await t.client({ reconnect: { giveUpAfterMs: 200 } });
      await t.broker.kill();
      try {
        await eventually(async () => {
          const error = await client.emitAsync(fresh('orders'), 1).catch((cause: unknown) => cause);
          const [, reason] = /caused by|: (the connection .*)$/.exec(String((error as Error).cause)) ?? [];
          expect(reason).toMatch(
            /^the connection of client id "[^"]+" was lost: no server for 200 ms; it is not opened again by itself$/,
          );
          return true;
        });
      } finally {
        await t.broker.restart({ state: 'kept' });
      }
    });
  },
  { clock: 'real', needs: ['nack'] },
);
