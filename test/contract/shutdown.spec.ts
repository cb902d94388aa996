import { durableQueue } from 'nestjs-stan';
import { describe, expect, it } from 'vitest';
import { contract, emitAll, listenerFor, Recorder, upTo } from '../support/contract.js';
import { freePort } from '../support/free-port.js';
import { fresh } from '../support/fresh.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { eventually, latch } from '../support/wait.js';

contract('shutdown', (t) => {
  it('G51 lets running handlers finish, has their acks arrive, and then closes', async () => {
    const subject = fresh('orders');
    const seen = new Recorder<number>();
    const mayEnd = latch();
    const app = await t.app({
      controllers: [
        listenerFor(subject, { ...durableQueue(fresh('orders')), concurrency: 5 }, async (id: number, context) => {
          seen.add(id, context);
          await mayEnd.promise;
        }),
      ],
    });
    await emitAll(await t.client(), subject, upTo(20));
    await eventually(() => seen.count === 5, { what: 'five running handlers' });
    const closing = app.close();
    let isClosed = false;
    void closing.then(() => (isClosed = true));
    await eventually(async () => expect(await t.broker.facts.clientIds()).toContain(app.clientId));
    expect(isClosed).toBe(false);
    mayEnd.open();
    await closing;
    expect(seen.data).toEqual(upTo(5));
    expect(await t.broker.facts.subscriptions(subject)).toMatchObject([{ is_offline: true, pending_count: 15 }]);
    expect(await t.broker.facts.clientIds()).not.toContain(app.clientId);
  });

  it('G52 gives up on a handler that outlives drainTimeoutMs; its event stays pending', async () => {
    const subject = fresh('orders');
    const [started, mayEnd] = [latch(), latch()];
    const app = await t.app({
      server: { drainTimeoutMs: 200 },
      controllers: [
        listenerFor(subject, durableQueue(fresh('orders')), async (id: number) => {
          if (id === 1) started.open();
          if (id === 1) await mayEnd.promise;
        }),
      ],
    });
    await emitAll(await t.client(), subject, [0, 1]);
    await started.wait();
    await app.close();
    expect(await t.broker.facts.subscriptions(subject)).toMatchObject([{ is_offline: true, pending_count: 1 }]);
    mayEnd.open();
  });

  describe('G53 close', () => {
    it('is the same twice, and at the same time', async () => {
      const { app } = await t.app({ controllers: [listenerFor(fresh('orders'), {}, () => undefined)] });
      await Promise.all([app.close(), app.close()]);
      await app.close();
    });

    it('ends an attempt to connect to a broker that is not there', async () => {
      const nowhere = `nats://127.0.0.1:${await freePort()}`;
      let starting: Promise<unknown> | undefined;
      const app = await new Promise<{ close(): Promise<void> }>((resolve) => {
        starting = t.app({
          server: { servers: nowhere },
          controllers: [listenerFor(fresh('orders'), {}, () => undefined)],
          configure: resolve,
        });
      });
      const outcome = expect(starting).rejects.toMatchObject({ code: 'STAN_CLOSED' });
      await app.close();
      await outcome;
    });

    it('ends an attempt to reconnect', async () => {
      const subject = fresh('orders');
      const proxy = await startTcpProxy(() => t.broker.port);
      const app = await t.app({
        server: { servers: proxy.url, drainTimeoutMs: 300, connectTimeoutMs: 500 },
        controllers: [listenerFor(subject, durableQueue(fresh('orders')), () => undefined)],
      });
      proxy.refuse();
      await eventually(() => proxy.acceptedCount >= 2, { what: 'an attempt to reconnect' });
      await app.close();
      const attempts = proxy.acceptedCount;
      await t.pass(500);
      expect(proxy.acceptedCount).toBe(attempts);
    });

    it('can be called from inside of a handler', async () => {
      const subject = fresh('orders');
      const closed = latch();
      const app = await t.app({
        server: { drainTimeoutMs: 500 },
        controllers: [listenerFor(subject, durableQueue(fresh('orders')), () => void app.close().then(closed.open))],
      });
      await (await t.client()).emitAsync(subject, 1);
      await closed.wait({ what: 'close() to finish' });
      expect(await t.broker.facts.subscriptions(subject)).toMatchObject([{ is_offline: true, pending_count: 0 }]);
    });
  });

  it('G55 starts again after close, under the same names, and goes on where it stopped', async () => {
    const subject = fresh('orders');
    const clientId = fresh('service');
    const group = durableQueue(fresh('orders'));
    const seen = new Recorder<number>();
    const client = await t.client();
    for (const id of upTo(5)) {
      const app = await t.app({
        server: { clientId },
        controllers: [listenerFor(subject, group, (value: number, context) => seen.add(value, context))],
      });
      await client.emitAsync(subject, id);
      await eventually(() => expect(seen.data).toEqual(upTo(id + 1)));
      await app.close();
    }
  });

  it('G55 connects a client again that was closed', async () => {
    const subject = fresh('orders');
    const client = await t.client();
    await client.emitAsync(subject, 1);
    await client.close();
    await client.connect();
    await client.emitAsync(subject, 2);
    expect(await t.broker.facts.storedCount(subject)).toBe(2);
  });
});
