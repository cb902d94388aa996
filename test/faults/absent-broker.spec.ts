import { durableQueue } from 'nestjs-stan';
import { expect, it } from 'vitest';
import { contract, listenerFor } from '../support/contract.js';
import { freePort } from '../support/free-port.js';
import { fresh } from '../support/fresh.js';
import { collectingLogger } from '../support/stan-app.js';
import type { TcpProxy } from '../support/tcp-proxy.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { eventually } from '../support/wait.js';
import { handlesBeyond, restingHandles } from './handles.js';

contract(
  'a broker that is absent at the start',
  (t) => {
    it('F47 is waited for, with a line in the log for each attempt, and then served', async () => {
      const subject = fresh('orders');
      const proxy = await startTcpProxy(() => t.broker.port);
      proxy.refuse();
      const handled: number[] = [];
      const logger = collectingLogger();
      const listening = t.app({
        server: { servers: proxy.url, reconnect: { initialDelayMs: 50, maxDelayMs: 100 } },
        controllers: [listenerFor(subject, durableQueue(fresh('orders')), (id: number) => void handled.push(id))],
        configure: (app) => app.useLogger(logger),
      });
      const attempts = () => logger.lines.filter(({ text }) => /connect attempt \d+ failed/.test(text));
      await eventually(() => attempts().length >= 3, { what: 'three attempts' });
      expect(attempts().map(({ level }) => level)).not.toContain('error');
      proxy.restore();
      await listening;
      await (await t.client()).emitAsync(subject, 1);
      await eventually(() => expect(handled).toEqual([1]));
    });

    it('F47 fails the start with a typed error when it never comes, and leaves nothing open', async () => {
      const before = await restingHandles();
      const servers = `nats://127.0.0.1:${await freePort()}`;
      const listening = t.app({
        server: { servers, reconnect: { firstConnectTimeoutMs: 600, initialDelayMs: 50 } },
        controllers: [listenerFor(fresh('orders'), {}, () => undefined)],
      });
      await expect(listening).rejects.toMatchObject({ code: 'STAN_CONNECT_FAILED', retryable: true });
      await eventually(() => expect(handlesBeyond(before)).toEqual({}), { what: 'nothing left open' });
    });

    it('F47 fails a client with a typed error when it never comes, its events too, and leaves nothing open', async () => {
      const before = await restingHandles();
      const servers = `nats://127.0.0.1:${await freePort()}`;
      const connecting = t.client({ servers, reconnect: { firstConnectTimeoutMs: 600, initialDelayMs: 50 } });
      await expect(connecting).rejects.toMatchObject({ code: 'STAN_CONNECT_FAILED' });
      await eventually(() => expect(handlesBeyond(before)).toEqual({}), { what: 'nothing left open' });
    });

    const failsTheStart = async (spoil: (proxy: TcpProxy) => void, options: { readonly clusterId?: string }) => {
      const before = await restingHandles();
      const proxy = await startTcpProxy(() => t.broker.port);
      spoil(proxy);
      const listening = t.app({
        server: {
          ...options,
          servers: proxy.url,
          connectTimeoutMs: 200,
          reconnect: { firstConnectTimeoutMs: 600, initialDelayMs: 50 },
        },
        controllers: [listenerFor(fresh('orders'), {}, () => undefined)],
      });
      await expect(listening).rejects.toMatchObject({ code: 'STAN_CONNECT_TIMEOUT' });
      await eventually(() => expect(proxy.openCount).toBe(0), { what: 'no connection left' });
      await proxy.close();
      await eventually(() => expect(handlesBeyond(before)).toEqual({}), { what: 'nothing left open' });
    };

    it('F47 fails the start at a port that takes connections and says nothing, and leaves nothing open', () =>
      failsTheStart((proxy) => proxy.swallow(), {}));

    it('F47 closes while it tries to come back at a port that says nothing, and leaves nothing open', async () => {
      const before = await restingHandles();
      const proxy = await startTcpProxy(() => t.broker.port);
      const reconnect = { initialDelayMs: 20, maxDelayMs: 50 };
      const client = await t.client({ servers: proxy.url, connectTimeoutMs: 200, reconnect });
      const accepted = proxy.acceptedCount;
      proxy.swallow();
      proxy.cut();
      await eventually(() => proxy.acceptedCount > accepted, { what: 'an attempt to come back' });
      await client.close();
      await eventually(() => expect(proxy.openCount).toBe(0), { what: 'no connection left' });
      await proxy.close();
      await eventually(() => expect(handlesBeyond(before)).toEqual({}), { what: 'nothing left open' });
    });

    t.only('clusterIds', 'F47 fails the start at a server of another cluster, and leaves nothing open', () =>
      failsTheStart(() => undefined, { clusterId: 'another-cluster' }),
    );

    it('F47 fails the start at once where no later attempt can mend it', async () => {
      const listening = t.app({
        server: { clusterId: 'no such cluster' },
        controllers: [listenerFor(fresh('orders'), {}, () => undefined)],
      });
      await expect(listening).rejects.toMatchObject({ code: 'STAN_INVALID_OPTION' });
    });
  },
  { clock: 'real' },
);
