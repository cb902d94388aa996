import { durableQueue } from 'nestjs-stan';
import { expect, it } from 'vitest';
import { contract, emitAll, listenerFor, Recorder, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { collectingLogger } from '../support/stan-app.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { eventually } from '../support/wait.js';

contract('durables', (t) => {
  it('D28 reads 5 000 events in five sessions: none is lost, none is handled twice', async () => {
    const subject = fresh('orders');
    const [clientId, durableName] = [fresh('service'), fresh('durable')];
    await emitAll(await t.client(), subject, upTo(5_000));
    const handled: number[] = [];
    for (const session of upTo(5)) {
      const app = await t.app({
        server: { clientId },
        controllers: [
          listenerFor(subject, { durableName, startAt: 'first' }, async (id: number) => void handled.push(id)),
        ],
      });
      await eventually(() => handled.length >= (session + 1) * 1_000, {
        what: `session ${session + 1}`,
        intervalMs: 1,
      });
      await app.close();
    }
    expect(handled).toEqual(upTo(5_000));
    expect(await t.broker.facts.pendingCount(subject)).toBe(0);
  });

  it('D29 leaves a durable offline after app.close(), not gone, with what was not handled', async () => {
    const subject = fresh('orders');
    const seen = new Recorder();
    const app = await t.app({
      controllers: [listenerFor(subject, durableQueue(fresh('orders')), (data, context) => seen.add(data, context))],
    });
    await (await t.client()).emitAsync(subject, 1);
    await eventually(() => seen.count === 1);
    expect(await t.broker.facts.subscriptions(subject)).toMatchObject([{ is_durable: true, is_offline: false }]);
    await app.close();
    expect(await t.broker.facts.subscriptions(subject)).toMatchObject([
      { is_durable: true, is_offline: true, pending_count: 0, last_sent: 1 },
    ]);
    expect(await t.broker.facts.clientIds()).not.toContain(app.clientId);
  });

  it('D30 resumes under the same client id after the process before it vanished without a goodbye', async () => {
    const subject = fresh('orders');
    const [clientId, durableName] = [fresh('service'), fresh('durable')];
    const proxy = await startTcpProxy(() => t.broker.port);
    const [before, after] = [new Recorder<number>(), new Recorder<number>()];
    const options = { durableName, startAt: 'first', ackMode: 'manual' } as const;
    await t.app({
      server: { clientId, servers: proxy.url },
      controllers: [
        listenerFor(subject, options, (id: number, context) => {
          before.add(id, context);
          if (id < 3) context.ack();
        }),
      ],
    });
    const client = await t.client();
    await emitAll(client, subject, upTo(5));
    await eventually(() => before.count === 5);
    await eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(2));
    proxy.refuse();
    await emitAll(client, subject, [5, 6]);

    const resumed = listenerFor(subject, options, (id: number, context) => {
      after.add(id, context);
      context.ack();
    });
    await t.app({ server: { clientId }, controllers: [resumed] });
    await eventually(() => expect(new Set(after.data)).toEqual(new Set([3, 4, 5, 6])), { what: 'the rest' });
    await eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(0));
  });

  it('D33 gets its durable back although the answer to its first subscribe request was lost', async () => {
    const subject = fresh('orders');
    const proxy = await startTcpProxy(() => t.broker.port);
    const [seen, logger] = [new Recorder(), collectingLogger()];
    const hasDurable = async () => (await t.broker.facts.subscriptions(subject)).length === 1;
    const isFailedAttempt = ({ text }: { readonly text: string }) => /subscribing to .* attempt 1 failed/.test(text);
    let isSpoilt = false;
    const listening = t.app({
      server: { servers: proxy.url, connectTimeoutMs: 1_000, pingIntervalMs: 1_000 },
      controllers: [
        listenerFor(subject, { durableName: fresh('durable'), startAt: 'first' }, (data, c) => seen.add(data, c)),
      ],
      configure: (app) => {
        app.useLogger(logger);
        app.status.subscribe((status) => {
          if (status !== 'connected' || isSpoilt) return;
          isSpoilt = true;
          proxy.swallow('toClient');
        });
      },
    });
    // Where one request makes the durable, it is there; where several do, the first of them gets no answer.
    const isWithoutAnswer = () => (t.broker.features.sessions ? hasDurable() : logger.lines.some(isFailedAttempt));
    await eventually(isWithoutAnswer, { what: 'a request without an answer' });
    expect(isSpoilt).toBe(true);
    proxy.restore();
    await listening;
    await (await t.client()).emitAsync(subject, 1);
    await eventually(() => seen.count === 1, { what: 'the event', timeoutMs: 30_000 });
    expect(await t.broker.facts.subscriptions(subject)).toHaveLength(1);
  });

  it('D33 waits for a client id that is taken, and gets it once it is free', async () => {
    const subject = fresh('orders');
    const holder = await t.rawClient();
    const seen = new Recorder();
    const listening = t.app({
      server: { clientId: holder.clientId },
      controllers: [listenerFor(subject, { startAt: 'first' }, (data, context) => seen.add(data, context))],
    });
    await t.pass(300);
    await holder.close();
    await listening;
    await (await t.client()).emitAsync(subject, 1);
    await eventually(() => seen.count === 1);
  });

  t.only('clientIdIsExclusive', 'D33 ends in an error that names the client id when it stays taken', async () => {
    const holder = await t.rawClient();
    const listening = t.app({
      server: { clientId: holder.clientId, reconnect: { firstConnectTimeoutMs: 500, initialDelayMs: 50 } },
      controllers: [listenerFor(fresh('orders'), {}, () => undefined)],
    });
    await expect(listening).rejects.toMatchObject({
      code: 'STAN_DUPLICATE_CLIENT_ID',
      message: expect.stringContaining(holder.clientId) as string,
    });
    expect(await t.broker.facts.clientIds()).toContain(holder.clientId);
  });
});
