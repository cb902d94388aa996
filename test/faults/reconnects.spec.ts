import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ClientStan, ServerStan, StanStatus } from 'nestjs-stan';
import { durableQueue } from 'nestjs-stan';
import { expect, it } from 'vitest';
import { contract, listenerFor, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { eventually } from '../support/wait.js';
import { closeInTheNameOf } from './forgotten-client.js';
import { handlesBeyond, restingHandles } from './handles.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapBytes(): number {
  // A second pass frees what finalizers of the first held.
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** Counts alone: an event that was kept would keep its error, whose stack trace keeps the session it was made in. */
function countRestored(connection: ServerStan | ClientStan) {
  const counts = { transportRestored: 0, sessionRestored: 0 };
  let status: StanStatus | undefined;
  connection.status.subscribe((next) => (status = next));
  const listen = connection.on.bind(connection) as (type: string, listener: () => void) => void;
  listen('transportRestored', () => (counts.transportRestored += 1));
  listen('sessionRestored', () => (counts.sessionRestored += 1));
  return { counts, status: () => status };
}

contract(
  '200 reconnects in one process',
  (t) => {
    const leavesNothing = async (restored: 'transportRestored' | 'sessionRestored') => {
      const subject = fresh('orders');
      const warnings: Error[] = [];
      const keep = (warning: Error) => void warnings.push(warning);
      process.on('warning', keep);
      const proxy = await startTcpProxy(() => t.broker.port);
      const other = await t.client();
      const handled = new Set<number>();
      const reconnect = { initialDelayMs: 2, maxDelayMs: 20 };
      // Its own jitter of 100 ms would make this case four times as long.
      const connection = { reconnectJitter: 0 };
      const app = await t.app({
        server: { servers: proxy.url, reconnect, connection },
        controllers: [
          listenerFor(subject, { ...durableQueue(fresh('orders')), ackWaitMs: 1_000 }, (id: number) => {
            handled.add(id);
          }),
          ...upTo(5).map(() => listenerFor(fresh('orders'), {}, () => undefined)),
        ],
      });
      const publisherId = fresh('publisher');
      const client = await t.client({ servers: proxy.url, clientId: publisherId, reconnect, connection });
      const watches = [countRestored(app.server), countRestored(client)];

      const round = async (id: number) => {
        if (restored === 'sessionRestored') {
          closeInTheNameOf(other, app.clientId);
          closeInTheNameOf(other, publisherId);
          await eventually(async () => expect(await t.broker.facts.clientIds()).toHaveLength(1), { intervalMs: 1 });
        }
        proxy.cut();
        for (const watch of watches) {
          await eventually(() => watch.counts[restored] > id && watch.status() === 'connected', {
            intervalMs: 1,
          });
        }
        await client.emitAsync(subject, id);
      };
      for (const id of upTo(50)) await round(id);
      await eventually(() => expect(handled.size).toBe(50));
      const [handlesBefore, heapBefore] = [await restingHandles(), heapBytes()];
      for (const id of upTo(150)) await round(50 + id);
      await eventually(() => expect(handled).toEqual(new Set(upTo(200))));

      await eventually(() => expect(handlesBeyond(handlesBefore)).toEqual({}), { what: 'nothing more open' });
      const grownBytes = heapBytes() - heapBefore;
      // A session that stays alive takes over 60 kB with its buffers, a log line kept by the test about 0.5 kB.
      expect(grownBytes).toBeLessThan(150 * 10_000);
      process.off('warning', keep);
      expect(warnings).toEqual([]);
    };
    const title = 'F50 leaves listeners, timers, handles and heap as they were, each after';
    it(`${title} a lost connection`, () => leavesNothing('transportRestored'));
    t.only('sessions', `${title} a lost session`, () => leavesNothing('sessionRestored'));
  },
  { clock: 'real' },
);
