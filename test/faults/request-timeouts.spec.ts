import type { INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { durableQueue, ServerStan } from 'nestjs-stan';
import { expect, it } from 'vitest';
import type { Contract } from '../support/contract.js';
import { contract, emitAll, listenerFor, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { moduleOf } from '../support/stan-app.js';
import type { TcpProxy } from '../support/tcp-proxy.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { eventually, latch } from '../support/wait.js';
import { handlesBeyond, restingHandles } from './handles.js';
import { watchConnection } from './watch.js';

const quick = {
  connectTimeoutMs: 600,
  pingIntervalMs: 1_000,
  drainTimeoutMs: 200,
  reconnect: { initialDelayMs: 50, maxDelayMs: 200 },
};

/** Lets the first session come up and then hear nothing any more; those after it are sound. */
function spoilFirstSession(proxy: TcpProxy): (app: INestMicroservice) => void {
  return (app) => {
    let isSpoilt = false;
    app.status.subscribe((status) => {
      if (status === 'connected' && !isSpoilt) proxy.swallow('toClient');
      if (status === 'reconnecting') proxy.restore();
      isSpoilt ||= status === 'connected';
    });
  };
}

/** A server whose sessions come up and then hear nothing any more, so that no subscription is ever confirmed. */
function silentSubscriptions(t: Contract, proxy: TcpProxy) {
  const reconnect = { ...quick.reconnect, firstConnectTimeoutMs: 1_000 };
  const { clusterId, driver } = t.broker;
  const server = new ServerStan({
    ...quick,
    clusterId,
    driver,
    clientId: fresh('service'),
    servers: proxy.url,
    reconnect,
  });
  server.status.subscribe((status) => status === 'connected' && proxy.swallow('toClient'));
  server.on('sessionRestored', () => proxy.swallow('toClient'));
  server.on('sessionLost', () => proxy.restore());
  return { server, moduleClass: moduleOf({ controllers: [listenerFor(fresh('orders'), {}, () => undefined)] }) };
}

contract(
  'requests that get no answer',
  (t) => {
    it.each([
      ['a durable of its own', (name: string) => ({ durableName: name, startAt: 'first' as const })],
      ['a durable queue group', (name: string) => durableQueue(name)],
      ['no durable', () => ({ startAt: 'first' as const })],
    ])('F44 makes a subscription that timed out again, once, with %s', async (_, optionsFor) => {
      const subject = fresh('orders');
      const proxy = await startTcpProxy(() => t.broker.port);
      const handled: number[] = [];
      const listening = t.app({
        server: { ...quick, servers: proxy.url },
        controllers: [listenerFor(subject, optionsFor(fresh('name')), (id: number) => void handled.push(id))],
        configure: spoilFirstSession(proxy),
      });
      const { server, log } = await listening;
      expect(log.map(({ text }) => text).join('\n')).toMatch(/subscribing to .* attempt 1 failed: .*600 ms/);
      await emitAll(await t.client(), subject, upTo(10));
      await eventually(() => expect(handled).toEqual(upTo(10)));
      await eventually(async () => expect(await t.broker.facts.subscriptions(subject)).toHaveLength(1));
      expect(watchConnection(server).statuses).toEqual(['connected']);
    });

    it('F44 finishes the start where several subscriptions time out in one session', async () => {
      const subjects = upTo(5).map(() => fresh('orders'));
      const proxy = await startTcpProxy(() => t.broker.port);
      const handled: string[] = [];
      await t.app({
        server: { ...quick, servers: proxy.url },
        controllers: subjects.map((subject) =>
          listenerFor(subject, durableQueue(fresh('name')), (text: string) => void handled.push(text)),
        ),
        configure: spoilFirstSession(proxy),
      });
      const client = await t.client();
      for (const subject of subjects) await client.emitAsync(subject, subject);
      await eventually(() => expect(handled.toSorted()).toEqual(subjects.toSorted()));
    });

    it('F44 fails the start when a subscription never gets an answer, and leaves nothing open', async () => {
      const before = await restingHandles();
      const proxy = await startTcpProxy(() => t.broker.port);
      const { server, moduleClass } = silentSubscriptions(t, proxy);
      const app = await NestFactory.createMicroservice(moduleClass, {
        strategy: server,
        logger: false,
        abortOnError: false,
      });
      await expect(app.listen()).rejects.toMatchObject({ code: 'STAN_SUBSCRIBE_TIMEOUT' });
      await proxy.close();
      await eventually(() => expect(handlesBeyond(before)).toEqual({}), { what: 'nothing left open' });
    });

    it('F44 closes at a server that stands still, and says what the server did not confirm', async () => {
      const subject = fresh('orders');
      const app = await t.app({
        server: quick,
        controllers: [listenerFor(subject, durableQueue(fresh('orders')), () => undefined)],
      });
      const watch = watchConnection(app.server);
      await t.broker.freeze();
      try {
        await app.close();
      } finally {
        t.broker.thaw();
      }
      const unconfirmed = { type: 'warning', error: { code: 'STAN_CLOSE_TIMEOUT' } };
      expect(watch.events).toMatchObject([unconfirmed, unconfirmed]);
      expect(watch.statuses).toEqual(['connected', 'closed']);
      // What it could not say goodbye to is let go as soon as the same client id comes back.
      const handled: number[] = [];
      await t.app({
        server: { clientId: app.clientId },
        controllers: [listenerFor(subject, durableQueue(fresh('orders')), (id: number) => void handled.push(id))],
      });
      await (await t.client()).emitAsync(subject, 1);
      await eventually(() => expect(handled).toEqual([1]));
    });

    it('F44 closes a server with a running handler and without a network, and leaves nothing open', async () => {
      const subject = fresh('orders');
      const client = await t.client();
      const before = await restingHandles();
      const proxy = await startTcpProxy(() => t.broker.port);
      const [started, mayEnd] = [latch(), latch()];
      const app = await t.app({
        server: { ...quick, servers: proxy.url },
        controllers: [
          listenerFor(subject, durableQueue(fresh('orders')), async () => {
            started.open();
            await mayEnd.promise;
          }),
        ],
      });
      await client.emitAsync(subject, 1);
      await started.wait();
      proxy.refuse();
      await app.close();
      mayEnd.open();
      await proxy.close();
      await eventually(() => expect(handlesBeyond(before)).toEqual({}), { what: 'nothing left open' });
      expect(await t.broker.facts.pendingCount(subject)).toBe(1);
    });
  },
  { clock: 'real' },
);
