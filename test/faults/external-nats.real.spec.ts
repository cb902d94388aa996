// A STAN server may use a NATS server that runs on its own (`-ns`), as in Kubernetes. When it comes back without its
// state, the NATS server is still the same process, and so is the id by which a new server is known otherwise.
import { expect, it } from 'vitest';
import { brokers, describeBrokers } from '../support/brokers.js';
import { listenerFor, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { connectRawClient } from '../support/raw-client.js';
import { startRealServer } from '../support/real-server.js';
import { startStanApp } from '../support/stan-app.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { eventually } from '../support/wait.js';
import { watchConnection } from './watch.js';

const quick = {
  connectTimeoutMs: 500,
  pingIntervalMs: 1_000,
  maxPingsOut: 2,
  reconnect: { initialDelayMs: 50, maxDelayMs: 500 },
};

/** A STAN server behind a NATS server of its own, and an app without a durable that has handled ten events. */
async function startScene() {
  const nats = await startRealServer({ store: 'memory' });
  const stan = await startRealServer({ store: 'memory', args: ['-ns', nats.url] });
  const { clusterId } = stan;
  const proxy = await startTcpProxy(() => nats.port);
  const [subject, handled] = [fresh('orders'), [] as number[]];
  const app = await startStanApp({
    broker: { url: proxy.url, clusterId },
    server: quick,
    controllers: [listenerFor(subject, { startAt: 'first' }, (id: number) => void handled.push(id))],
  });
  const publish = async (ids: readonly number[]) => {
    const client = await connectRawClient({ url: nats.url, clusterId });
    for (const id of ids) await client.publish(subject, String(id));
    await client.close();
  };
  await publish(upTo(10));
  await eventually(() => expect(handled).toEqual(upTo(10)));
  return { stan, proxy, handled, publish, watch: watchConnection(app.server) };
}

/** The STAN server comes back without its state, and has stored new events before our listener is back. */
async function beginAnew({
  stan,
  proxy,
  handled,
  publish,
  watch,
}: Awaited<ReturnType<typeof startScene>>): Promise<void> {
  proxy.refuse();
  await stan.restart({ state: 'lost' });
  await publish([10, 11]);
  proxy.restore();
  await eventually(() => expect(watch.types).toContain('sessionRestored'), { timeoutMs: 20_000 });
  await publish([12]);
  await eventually(() => expect(handled).toHaveLength(13), { what: 'all of the new state' });
}

describeBrokers(
  'a server that loses its state behind a NATS server that stays',
  () => {
    it('F46 skips nothing of the new state, where the server says that it does not know the client', async () => {
      const scene = await startScene();
      await beginAnew(scene);
      expect(scene.handled).toEqual(upTo(13));
    });

    it('F46 skips nothing of the new state, where the server was away for longer than the session lasts', async () => {
      const scene = await startScene();
      const { stan, watch } = scene;
      await stan.kill();
      await eventually(
        () =>
          expect(
            watch.events.some(
              (event) => event.type === 'connectAttemptFailed' && event.error.code === 'STAN_CONNECT_TIMEOUT',
            ),
          ).toBe(true),
        {
          timeoutMs: 20_000,
        },
      );
      await beginAnew(scene);
      expect(scene.handled).toEqual(upTo(13));
    });
  },
  brokers.filter(({ name }) => name === 'real'),
);
