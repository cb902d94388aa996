import { durableQueue } from 'nestjs-stan';
import { expect, it } from 'vitest';
import type { Contract } from '../support/contract.js';
import { contract, listenerFor, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import type { TcpProxy } from '../support/tcp-proxy.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { eventually } from '../support/wait.js';
import { closeInTheNameOf } from './forgotten-client.js';
import type { ConnectionWatch } from './watch.js';
import { watchConnection } from './watch.js';

const quick = {
  connectTimeoutMs: 600,
  pingIntervalMs: 1_000,
  maxPingsOut: 2,
  reconnect: { initialDelayMs: 50, maxDelayMs: 200, giveUpAfterMs: 60_000 },
};

interface Scene {
  readonly t: Contract;
  readonly proxy: TcpProxy;
  readonly watch: ConnectionWatch;
  readonly clientId: string;
}

const until = (watch: ConnectionWatch, type: Parameters<ConnectionWatch['count']>[0]) =>
  eventually(() => watch.count(type) > 0, { what: type, timeoutMs: 20_000 });

const lossOf = (t: Contract) => (t.broker.features.sessions ? 'sessionLost' : 'transportLost');

/** What is done to a connection, and which events must tell of it; `reconnecting`, then `connected` is the status each time. */
type Fault = readonly [string, (scene: Scene) => Promise<unknown>, readonly string[]];
const faults: readonly Fault[] = [
  ['a connection that is cut', async ({ proxy }) => proxy.cut(), ['transportLost', 'transportRestored']],
  [
    'a network that swallows everything until the pings run out',
    async ({ t, proxy, watch }) => {
      proxy.swallow();
      await until(watch, lossOf(t));
      proxy.restore();
    },
    ['sessionLost', 'sessionRestored'],
  ],
  [
    'a server that is stopped and comes back with its state',
    ({ t }) => t.broker.restart({ state: 'kept' }),
    ['transportLost', 'transportRestored'],
  ],
  [
    'a server that comes back without its state',
    ({ t }) => t.broker.restart({ state: 'lost' }),
    ['transportLost', 'sessionLost', 'sessionRestored'],
  ],
];
const forgotten: Fault = [
  'a server that has forgotten the client',
  async ({ t, clientId }) => closeInTheNameOf(await t.client(), clientId),
  ['sessionLost', 'sessionRestored'],
];

/** Where there are no sessions, all that is told is that the connection went, and came back. */
const expectedOf = (t: Contract, events: readonly string[]) =>
  t.broker.features.sessions ? events : ['transportLost', 'transportRestored'];

contract(
  'the status of a connection',
  (t) => {
    const tellsServer = async ([, fault, events]: Fault) => {
      const expected = expectedOf(t, events);
      const proxy = await startTcpProxy(() => t.broker.port);
      const app = await t.app({
        server: { ...quick, servers: proxy.url },
        controllers: [listenerFor(fresh('orders'), durableQueue(fresh('orders')), () => undefined)],
      });
      const watch = watchConnection(app.server);
      await fault({ t, proxy, watch, clientId: app.clientId });
      await eventually(() => expect(watch.statuses).toEqual(['connected', 'reconnecting', 'connected']), {
        timeoutMs: 20_000,
      });
      expect(watch.types.filter((type) => type !== 'connectAttemptFailed')).toEqual(expected);
      await app.close();
      expect(watch.statuses).toEqual(['connected', 'reconnecting', 'connected', 'closed']);
    };

    const tellsClient = async ([, fault, events]: Fault) => {
      const expected = expectedOf(t, events);
      const proxy = await startTcpProxy(() => t.broker.port);
      const clientId = fresh('publisher');
      const client = await t.client({ ...quick, clientId, servers: proxy.url });
      const watch = watchConnection(client);
      await fault({ t, proxy, watch, clientId });
      await eventually(() => expect(watch.statuses).toEqual(['connected', 'reconnecting', 'connected']), {
        timeoutMs: 20_000,
      });
      expect(watch.types.filter((type) => type !== 'connectAttemptFailed')).toEqual(expected);
      await client.close();
      expect(watch.statuses).toEqual(['connected', 'reconnecting', 'connected', 'closed']);
    };

    for (const fault of faults) {
      it(`F49 tells a server of ${fault[0]}`, () => tellsServer(fault));
      it(`F49 tells a client of ${fault[0]}`, () => tellsClient(fault));
    }
    t.only('sessions', `F49 tells a server of ${forgotten[0]}`, () => tellsServer(forgotten));
    t.only('sessions', `F49 tells a client of ${forgotten[0]}`, () => tellsClient(forgotten));

    it('F49 tells a server that is cut off between its connect and its subscriptions', async () => {
      const proxy = await startTcpProxy(() => t.broker.port);
      const app = await t.app({
        server: { ...quick, servers: proxy.url },
        controllers: upTo(3).map(() => listenerFor(fresh('orders'), durableQueue(fresh('orders')), () => undefined)),
        configure: ({ status }) => {
          // Before the first subscribe request has left, so that no answer to one is lost.
          const once = status.subscribe((now) => {
            if (now !== 'connected') return;
            proxy.cut();
            queueMicrotask(() => once.unsubscribe());
          });
        },
      });
      const watch = watchConnection(app.server);
      await eventually(() => expect(watch.statuses.at(-1)).toBe('connected'), { timeoutMs: 20_000 });
    });

    it('F49 tells that nothing more is tried after giveUpAfterMs without a session', async () => {
      const proxy = await startTcpProxy(() => t.broker.port);
      const reconnect = { initialDelayMs: 50, giveUpAfterMs: 400 };
      const client = await t.client({ ...quick, reconnect, servers: proxy.url });
      const watch = watchConnection(client);
      proxy.refuse();
      await until(watch, 'gaveUp');
      expect(watch.statuses).toEqual(['connected', 'reconnecting', 'disconnected']);
      await expect(client.emitAsync(fresh('orders'), 1)).rejects.toMatchObject({ code: 'STAN_NOT_CONNECTED' });
      proxy.restore();
      await client.connect();
      await expect(client.emitAsync(fresh('orders'), 1)).resolves.toMatchObject({ attempts: 1 });
      expect(watch.statuses.at(-1)).toBe('connected');
    });
  },
  { clock: 'real' },
);
