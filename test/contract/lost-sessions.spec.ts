import { NonRetriableException } from 'nestjs-stan';
import { StanBroker } from 'nestjs-stan/broker';
import { expect, it } from 'vitest';

import { closeInTheNameOf } from '../faults/forgotten-client.js';
import { cleanUpAfterTest } from '../support/cleanup.js';
import type { Contract } from '../support/contract.js';
import { contract, emitAll, listenerFor, Recorder, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { eventually } from '../support/wait.js';

const quick = {
  connectTimeoutMs: 500,
  pingIntervalMs: 1_000,
  maxPingsOut: 2,
  reconnect: { initialDelayMs: 20, maxDelayMs: 100 },
};

/** A subscription without a durable, whose events the server sends again only in a session after this one. */
const plain = { startAt: 'first', ackWaitMs: 60_000, maxInFlight: 1_000 } as const;

/** An app behind a proxy of its own. */
async function startApp(t: Contract, subject: string, handle: (data: never) => void, port = () => t.broker.port) {
  const proxy = await startTcpProxy(port);
  const seen = new Recorder<unknown>();
  const { server, clientId } = await t.app({
    server: { ...quick, servers: proxy.url },
    controllers: [
      listenerFor(subject, plain, (data, context) => {
        seen.add(data, context);
        handle(data);
      }),
    ],
  });
  const count = { sessionLost: 0, sessionRestored: 0 };
  server.on('sessionLost', () => (count.sessionLost += 1));
  server.on('sessionRestored', () => (count.sessionRestored += 1));
  return { proxy, seen, clientId, count };
}

contract(
  'a session that is lost',
  (t) => {
    it.each([
      ['that the server has forgotten', false],
      ['whose server was silent', true],
    ])('%s resumes at an event that was lost on the wire, and runs no other one twice', async (_, isSilent) => {
      const subject = fresh('orders');
      const { proxy, seen, clientId, count } = await startApp(t, subject, () => undefined);
      const client = await t.client();
      proxy.loseNext('lost on the wire');
      // One after the other, so that the broker writes each one by itself.
      for (const [data, handled] of [
        [1, 1],
        ['lost on the wire', 1],
        [3, 2],
        [4, 3],
      ] as const) {
        await client.emitAsync(subject, data);
        await eventually(() => seen.count === handled && proxy.hasNothingToLose === (data !== 1));
      }
      await eventually(() => expect(seen.data).toEqual([1, 3, 4]));

      if (isSilent) {
        proxy.swallow();
        await eventually(() => count.sessionLost === 1);
        proxy.restore();
      } else closeInTheNameOf(client, clientId);
      await eventually(() => count.sessionRestored === 1);
      await emitAll(client, subject, [5]);
      await eventually(() => expect(seen.data).toEqual([1, 3, 4, 'lost on the wire', 5]));
      await eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(0));
    });

    it('runs a few events again at most, where one of the first was given up', async () => {
      const subject = fresh('orders');
      const { seen, clientId, count } = await startApp(t, subject, (data) => {
        if (data === 0) throw new NonRetriableException('never');
      });
      const client = await t.client();
      await emitAll(client, subject, upTo(3_000));
      await eventually(() => seen.count === 3_000);

      closeInTheNameOf(client, clientId);
      await eventually(() => count.sessionRestored === 1);
      await emitAll(client, subject, ['last']);
      await eventually(() => seen.data.includes('last'));
      expect(seen.count - 3_001).toBeLessThanOrEqual(1);
    });

    it('has every event of a server handled that lost its state and whose clock is behind', async () => {
      const subject = fresh('orders');
      const { clusterId } = t.broker;
      const ahead = await StanBroker.start({ clusterId, clock: 'virtual' });
      cleanUpAfterTest(() => ahead.close());
      await ahead.advance(3_600_000);
      let port = ahead.port;
      const { proxy, seen, count } = await startApp(
        t,
        subject,
        () => undefined,
        () => port,
      );
      const before = await t.client({ servers: ahead.url });
      await emitAll(before, subject, ['a1', 'a2', 'a3']);
      await eventually(() => expect(seen.data).toEqual(['a1', 'a2', 'a3']));

      port = t.broker.port;
      proxy.cut();
      await eventually(() => count.sessionRestored === 1);
      await emitAll(await t.client(), subject, ['b1', 'b2', 'b3', 'b4']);
      await eventually(() => expect(seen.data).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'b4']));
    });

    it('sends open publishes again before those of a listener that is told of the next one', async () => {
      const subject = fresh('orders');
      const proxy = await startTcpProxy(() => t.broker.port);
      const client = await t.client({ ...quick, servers: proxy.url });
      proxy.swallow('toServer');
      const emitted = ['e1', 'e2', 'e3'].map((data) => client.emitAsync(subject, data));
      client.on('sessionRestored', () => void emitted.push(client.emitAsync(subject, 'late')));
      await new Promise<void>((resolve) => client.on('sessionLost', () => resolve()));
      proxy.restore();
      await eventually(() => emitted.length === 4);
      await Promise.all(emitted);
      const stored = await (await t.rawClient()).readAll(subject);
      expect(stored.map((message) => JSON.parse(message.getData() as string) as string)).toEqual([
        'e1',
        'e2',
        'e3',
        'late',
      ]);
    });
  },
  { clock: 'real', needs: ['sessions'] },
);
