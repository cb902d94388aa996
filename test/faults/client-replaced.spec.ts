import { durableQueue } from 'nestjs-stan';
import { describe, expect, it } from 'vitest';
import { contract, emitAll, listenerFor, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { startServiceProcess } from '../support/service-process.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { eventually, quietFor } from '../support/wait.js';
import { watchConnection } from './watch.js';

const quick = { pingIntervalMs: 1_000, reconnect: { initialDelayMs: 50, maxDelayMs: 200 } };

contract(
  'two live clients with one client id',
  (t) => {
    it('F42 has the one that was replaced say so and stop, and the other one go on undisturbed', async () => {
      const names = { clientId: fresh('orders'), subject: fresh('tickets') };
      const group = durableQueue(fresh('orders'));
      const proxy = await startTcpProxy(() => t.broker.port);
      const [byFirst, bySecond]: [number[], number[]] = [[], []];
      const first = await t.app({
        server: { ...quick, maxPingsOut: 10, clientId: names.clientId, servers: proxy.url },
        controllers: [listenerFor(names.subject, group, (id: number) => void byFirst.push(id))],
      });
      const firstWatch = watchConnection(first.server);
      const client = await t.client();
      await emitAll(client, names.subject, upTo(10));
      await eventually(() => byFirst.length === 10);
      await eventually(async () => expect(await t.broker.facts.pendingCount(names.subject)).toBe(0), {
        what: 'all acks',
      });

      // Out of sight for a moment, as a process that stands still.
      proxy.swallow();
      const second = await t.app({
        server: { ...quick, clientId: names.clientId },
        controllers: [listenerFor(names.subject, group, (id: number) => void bySecond.push(id))],
      });
      const secondWatch = watchConnection(second.server);
      proxy.restore();

      await eventually(() => firstWatch.count('gaveUp') === 1, { what: 'the end of the first' });
      expect(firstWatch.events.find(({ type }) => type === 'gaveUp')).toMatchObject({
        error: { code: 'STAN_CLIENT_REPLACED', clientId: names.clientId },
      });
      expect(firstWatch.statuses).toEqual(['connected', 'reconnecting', 'disconnected']);
      const attempts = proxy.acceptedCount;
      await quietFor(1_000);
      expect(proxy.acceptedCount).toBe(attempts);

      await emitAll(client, names.subject, [10, 11, 12]);
      await eventually(() => expect(bySecond).toEqual([10, 11, 12]));
      expect(byFirst).toEqual(upTo(10));
      expect(secondWatch.statuses).toEqual(['connected']);
      expect(secondWatch.types).toEqual([]);
      await first.close();
      expect(firstWatch.statuses.at(-1)).toBe('closed');
      expect(secondWatch.statuses).toEqual(['connected']);
    });

    it('F42 fails what a replaced client was asked to publish, and what it is asked later', async () => {
      const clientId = fresh('publisher');
      const subject = fresh('tickets');
      const proxy = await startTcpProxy(() => t.broker.port);
      const first = await t.client({ ...quick, maxPingsOut: 10, clientId, servers: proxy.url });
      const watch = watchConnection(first);
      proxy.swallow();
      const inDoubt = first.emitAsync(subject, 1).catch((error: unknown) => error);
      const second = await t.client({ ...quick, clientId });
      proxy.restore();

      expect(await inDoubt).toMatchObject({
        code: 'STAN_NOT_CONNECTED',
        mayBeStored: true,
        cause: { code: 'STAN_CLIENT_REPLACED' },
      });
      await eventually(() => expect(watch.statuses.at(-1)).toBe('disconnected'));
      await expect(first.emitAsync(subject, 2)).rejects.toMatchObject({ code: 'STAN_NOT_CONNECTED' });
      await expect(second.emitAsync(subject, 3)).resolves.toMatchObject({ subject });
      expect(await t.broker.facts.storedCount(subject)).toBe(1);
    });

    describe('in two processes', () => {
      it('F42 lets a process that was stopped (SIGSTOP) meanwhile end cleanly when it goes on', async () => {
        const names = { clientId: fresh('orders'), subject: fresh('tickets'), group: fresh('group') };
        const service = () => startServiceProcess({ url: t.broker.url, clusterId: t.broker.clusterId, ...names });
        const stopped = await service();
        stopped.kill('SIGSTOP');
        const live = await service();
        stopped.kill('SIGCONT');

        await eventually(() => expect(stopped.output).toContain('taken over by another process'), {
          what: 'the report',
          timeoutMs: 30_000,
        });
        const client = await t.client();
        await emitAll(client, names.subject, upTo(20));
        await eventually(() => expect(live.done).toEqual(upTo(20)));
        expect(stopped.started).toEqual([]);
        stopped.close();
        expect(await stopped.ended()).toBe(0);
        await emitAll(client, names.subject, [20]);
        await eventually(() => expect(live.done).toEqual(upTo(21)));
      });
    });
  },
  { clock: 'real', needs: ['clientIdIsExclusive'] },
);
