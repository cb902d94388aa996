import { AsyncLocalStorage } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { durableQueue } from 'nestjs-stan';
import { expect, it } from 'vitest';
import { contract, emitAll, listenerFor, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { eventually, quietFor } from '../support/wait.js';
import { startLoad } from './load.js';
import { watchConnection } from './watch.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const context = new AsyncLocalStorage<object>();

contract(
  'a TCP connection that is cut under load',
  (t) => {
    it.each([1_000, 10_000])(
      'F39 keeps its session over %i ms, and every event that was acknowledged to the publisher is handled',
      async (cutMs) => {
        const subject = fresh('orders');
        const [consumerProxy, publisherProxy] = [
          await startTcpProxy(() => t.broker.port),
          await startTcpProxy(() => t.broker.port),
        ];
        const handled: number[] = [];
        const app = await t.app({
          server: { servers: consumerProxy.url },
          controllers: [
            listenerFor(
              subject,
              { ...durableQueue(fresh('orders')), ackWaitMs: 2_000 },
              (id: number) => void handled.push(id),
            ),
          ],
        });
        const watch = watchConnection(app.server);
        const client = await t.client({ servers: publisherProxy.url });
        const publisherWatch = watchConnection(client);
        const load = startLoad(client, subject);
        await eventually(() => handled.length > 500, { what: 'the load' });

        for (const proxy of [consumerProxy, publisherProxy]) proxy.refuse();
        await quietFor(cutMs);
        for (const proxy of [consumerProxy, publisherProxy]) proxy.restore();

        const before = load.resolved.length;
        await eventually(() => load.resolved.length > before + 500, { what: 'publishing again' });
        await load.stop();
        await eventually(() => expect(new Set(handled)).toEqual(new Set(load.resolved)), { timeoutMs: 40_000 });
        await eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(0), { timeoutMs: 40_000 });
        expect(load.rejected).toEqual([]);
        expect(watch.statuses).toEqual(['connected', 'reconnecting', 'connected']);
        expect(watch.types).toEqual(['transportLost', 'transportRestored']);
        expect(publisherWatch.types).toEqual(['transportLost', 'transportRestored']);
        // A second arrival of what was handled is acked again and starts no handler; only a publish sent twice is two events.
        const twice = handled.filter((id, index) => handled.indexOf(id) !== index);
        expect(twice.filter((id) => t.broker.features.dedup || !load.sentAgain.has(id))).toEqual([]);
      },
    );

    it('F39 lets go of publishes whose acks were lost with a connection, while the session goes on', async () => {
      const subject = fresh('orders');
      const proxy = await startTcpProxy(() => t.broker.port);
      const client = await t.client({ servers: proxy.url });
      const watch = watchConnection(client);
      await client.emitAsync(subject, 0);
      const stored = () => t.broker.facts.storedCount(subject);
      const callers: WeakRef<object>[] = [];
      for (let round = 0; round < 6; round += 1) {
        const before = await stored();
        proxy.swallow('toClient');
        const caller = { round };
        callers.push(new WeakRef(caller));
        const emitted = context.run(caller, () => emitAll(client, subject, upTo(100)));
        await eventually(async () => expect(await stored()).toBe(before + 100));
        proxy.restore();
        await emitted;
      }
      expect(watch.count('sessionLost')).toBe(0);
      expect(client.pending()).toMatchObject({ count: 0, bytes: 0 });
      // What an open attempt holds is its caller's. Those of the last connection but one may still be answered.
      await eventually(() => {
        collectGarbage();
        expect(callers.filter((caller) => caller.deref() !== undefined).length).toBeLessThanOrEqual(2);
      });
    });
  },
  { clock: 'real' },
);
