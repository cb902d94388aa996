import { durableQueue } from 'nestjs-stan';
import { expect, it } from 'vitest';
import { contract, listenerFor } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { eventually } from '../support/wait.js';
import { startLoad } from './load.js';
import { watchConnection } from './watch.js';

const quick = {
  connectTimeoutMs: 500,
  pingIntervalMs: 1_000,
  maxPingsOut: 2,
  reconnect: { initialDelayMs: 50, maxDelayMs: 500 },
};

contract(
  'a server that stands still for longer than the pings allow',
  (t) => {
    it('F43 costs the sessions, and no event that was acknowledged to the publisher', async () => {
      const subject = fresh('orders');
      const handled: number[] = [];
      const app = await t.app({
        server: quick,
        controllers: [
          listenerFor(
            subject,
            { ...durableQueue(fresh('orders')), ackWaitMs: 2_000 },
            (id: number) => void handled.push(id),
          ),
        ],
      });
      const watch = watchConnection(app.server);
      const client = await t.client(quick);
      const publisherWatch = watchConnection(client);
      const load = startLoad(client, subject);
      await eventually(() => handled.length > 500, { what: 'the load' });

      await t.broker.freeze();
      const { sessions } = t.broker.features;
      const loss = sessions ? 'sessionLost' : 'transportLost';
      await eventually(() => watch.count(loss) > 0, { what: 'the loss', timeoutMs: 20_000 });
      await eventually(() => expect(publisherWatch.types).toContain(loss));
      if (sessions) await eventually(() => watch.count('connectAttemptFailed') > 1, { what: 'attempts to connect' });
      t.broker.thaw();

      const before = load.resolved.length;
      await eventually(() => load.resolved.length > before + 500, { what: 'publishing again', timeoutMs: 30_000 });
      await load.stop();
      await eventually(() => expect(new Set(handled)).toEqual(new Set(load.resolved)), { timeoutMs: 30_000 });
      await eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(0), { timeoutMs: 30_000 });
      expect(load.rejected).toEqual([]);
      expect(watch.statuses).toEqual(['connected', 'reconnecting', 'connected']);
      const restored = sessions ? { type: 'sessionRestored', serverChanged: false } : { type: 'transportRestored' };
      expect(watch.events).toContainEqual(expect.objectContaining(restored));
      const twice = handled.filter((id, index) => handled.indexOf(id) !== index);
      expect(twice.filter((id) => t.broker.features.dedup || !load.sentAgain.has(id))).toEqual([]);
    });
  },
  { clock: 'real' },
);
