import type { CanActivate, PipeTransform, Type } from '@nestjs/common';
import { Controller, UseGuards, UsePipes } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { ClientStan, defineEvents, durableQueue, firstVersion, parseDeadLetter, replaySubject } from 'nestjs-stan';
import type { EventContract, StanContext, StanSubscriptionOptions } from 'nestjs-stan';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { contract, listenerFor, Recorder } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { eventually } from '../support/wait.js';

const order = z.object({ id: z.string(), price: z.number() });
const v1 = z.object({ id: z.string() });

type AnyContract = EventContract<Record<string, never>, Record<string, never>>;

/** A handler for `subject`, decorated by a contract. */
function handlerOf(
  events: unknown,
  subject: string,
  options: StanSubscriptionOptions,
  handle: (data: never, context: StanContext) => unknown,
  decorators: readonly MethodDecorator[] = [],
): Type {
  @Controller()
  class Listener {
    handle(@Payload() data: never, @Ctx() context: StanContext): unknown {
      return handle(data, context);
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Listener.prototype, 'handle') ?? {};
  const pattern = (events as AnyContract).EventPattern(subject as never, options) as MethodDecorator;
  for (const decorate of [...decorators, pattern]) decorate(Listener.prototype, 'handle', descriptor);
  return Listener;
}

contract('typed events', (t) => {
  it('C5 refuses an invalid payload before anything is sent, and before a session is opened', async () => {
    const subject = fresh('orders');
    const events = defineEvents({ [subject]: order });
    let connects = 0;
    const client = new ClientStan(
      { clusterId: t.broker.clusterId, servers: t.broker.url, clientId: fresh('client'), contract: events },
      () => {
        connects += 1;
        throw new Error('no session is wanted');
      },
    );
    await expect(client.emitAsync(subject, { id: '1', price: 'free' } as never)).rejects.toMatchObject({
      ...{ code: 'STAN_INVALID_PAYLOAD', subject, direction: 'publish', issues: [{ path: 'price' }] },
    });
    await expect(client.emitAsync(`${subject}x`, {} as never)).rejects.toMatchObject({
      ...{ code: 'STAN_SUBJECT_NOT_IN_CONTRACT', nearest: subject },
    });
    expect(connects).toBe(0);
  });

  it('C5 reports an invalid payload of emit() that nobody subscribed to', async () => {
    const subject = fresh('orders');
    const client = await t.client({ contract: defineEvents({ [subject]: order }) });
    const reported: Error[] = [];
    client.on('publishError', ({ error }) => void reported.push(error));
    client.emit(subject, { id: 1 });
    await eventually(() => expect(reported).toMatchObject([{ code: 'STAN_INVALID_PAYLOAD' }]));
  });

  it('C8 keeps the order of events where schemas work asynchronously', async () => {
    const subject = fresh('orders');
    const slow = order.refine(async ({ price }) => {
      if (price % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
      return true;
    });
    const client = await t.client({ contract: defineEvents({ [subject]: slow }) });
    const seen = new Recorder<{ price: number }>();
    await t.app({
      controllers: [listenerFor(subject, { startAt: 'first' }, (data, context) => seen.add(data, context))],
    });
    await Promise.all(Array.from({ length: 20 }, (_, price) => client.emitAsync(subject, { id: 'a', price })));
    await eventually(() => seen.count === 20);
    expect(seen.data.map(({ price }) => price)).toEqual(Array.from({ length: 20 }, (_, price) => price));
  });

  it('C9 dead-letters an invalid event at its first delivery, with the reason, and calls neither guard, pipe nor handler', async () => {
    const [subject, dead] = [fresh('orders'), fresh('dead-letters')];
    const calls: string[] = [];
    const guard: CanActivate = { canActivate: () => calls.push('guard') > 0 };
    const pipe: PipeTransform = { transform: (value: unknown) => (calls.push('pipe'), value) };
    const options = {
      startAt: 'first',
      deadLetter: { subject: dead },
      retry: { attempts: 5 },
      maxDeliveries: 5,
    } as const;
    const listener = handlerOf(defineEvents({ [subject]: order }), subject, options, () => calls.push('handler'), [
      ...[UseGuards(guard), UsePipes(pipe)],
    ]);
    const letters: unknown[] = [];
    const letterListener = listenerFor(dead, { startAt: 'first' }, (_data, context) => {
      letters.push(parseDeadLetter(context.getRawData()));
    });
    await t.app({ controllers: [listener, letterListener] });
    const client = await t.client();
    await client.emitAsync(subject, { id: '1', price: 'free' });
    await eventually(() => letters.length === 1, { what: 'the dead letter' });
    expect(letters[0]).toMatchObject({
      subject,
      deliveries: 1,
      error: { message: expect.stringContaining('price') as string },
    });
    expect(calls).toEqual([]);
    await client.emitAsync(subject, { id: '1', price: 2 });
    await eventually(() => expect(calls).toContain('handler'));
    await eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(0));
  });

  it.each(['leave', 'ack'] as const)("C9 follows onUndecodable: '%s' for an invalid event", async (onUndecodable) => {
    const subject = fresh('orders');
    const runs: unknown[] = [];
    const listener = handlerOf(
      defineEvents({ [subject]: order }),
      subject,
      { startAt: 'first', onUndecodable },
      (data) => {
        runs.push(data);
      },
    );
    const { server } = await t.app({ controllers: [listener] });
    const told: unknown[] = [];
    server.on('undecodable', ({ error }) => void told.push(error.code));
    const client = await t.client();
    await client.emitAsync(subject, { id: 1 });
    await client.emitAsync(subject, { id: '2', price: 3, more: true });
    await eventually(() => expect(runs).toEqual([{ id: '2', price: 3 }]));
    expect(told).toEqual(['STAN_INVALID_PAYLOAD']);
    await eventually(async () =>
      expect(await t.broker.facts.pendingCount(subject)).toBe(onUndecodable === 'ack' ? 0 : 1),
    );
  });

  it('C10 gives a handler events of every version as the newest, from publishers with and without a contract', async () => {
    const subject = fresh('orders');
    const events = defineEvents({ [subject]: firstVersion(v1).next(order, (old) => ({ ...old, price: 0 })) });
    const seen = new Recorder();
    await t.app({
      controllers: [handlerOf(events, subject, { startAt: 'first' }, (data, context) => seen.add(data, context))],
    });
    await (await t.client()).emitAsync(subject, { id: 'old' });
    await (await t.client({ contract: events })).emitAsync(subject, { id: 'new', price: 4 });
    await eventually(() => seen.count === 2);
    expect(seen.data).toEqual(
      expect.arrayContaining([
        { id: 'old', price: 0 },
        { id: 'new', price: 4 },
      ]),
    );
  });

  it('C12 leaves a newer version to another process of the queue group that knows it', async () => {
    const subject = fresh('orders');
    const group = { queueGroup: fresh('group'), durableName: 'orders', startAt: 'first', ackWaitMs: 1_000 } as const;
    const [oldRuns, newRuns] = [[] as unknown[], [] as unknown[]];
    const older = defineEvents({ [subject]: v1 });
    const newer = defineEvents({ [subject]: firstVersion(v1).next(order, (old) => ({ ...old, price: 0 })) });
    const first = await t.app({ controllers: [handlerOf(older, subject, group, (data) => oldRuns.push(data))] });
    const failures: unknown[] = [];
    first.server.on('handlerError', ({ error }) => void failures.push(error));
    await (await t.client({ contract: newer })).emitAsync(subject, { id: '1', price: 7 });
    await eventually(() => failures.length > 0, { what: 'the newer version at the older process' });
    await t.app({ controllers: [handlerOf(newer, subject, group, (data) => newRuns.push(data))] });
    await t.eventually(() => newRuns.length === 1, { what: 'the event at the newer process' });
    expect([newRuns, oldRuns]).toEqual([[{ id: '1', price: 7 }], []]);
    expect(failures[0]).toMatchObject({ code: 'STAN_NEWER_EVENT_VERSION', received: 2, newest: 1 });
    await eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(0));
  });

  it('C12 dead-letters a version that nobody knows after maxDeliveries, without tries in the process', async () => {
    const [subject, dead] = [fresh('orders'), fresh('dead-letters')];
    const options = {
      startAt: 'first',
      ackWaitMs: 1_000,
      maxDeliveries: 2,
      retry: { attempts: 9, delayMs: 1 },
      deadLetter: { subject: dead },
    } as const;
    const { server } = await t.app({
      controllers: [handlerOf(defineEvents({ [subject]: v1 }), subject, options, () => expect.unreachable())],
    });
    const failures: unknown[] = [];
    server.on('handlerError', ({ deliveries }) => void failures.push(deliveries));
    await (await t.client()).emitAsync(subject, { id: '1', schemaVersion: 2 });
    await t.eventually(async () => expect(await t.broker.facts.storedCount(dead)).toBe(1), { what: 'the dead letter' });
    expect(failures).toEqual([1, 2]);
  });

  it('C16 checks two handlers of one subject by the contract of each', async () => {
    const subject = fresh('orders');
    const [strict, loose] = [[] as unknown[], [] as unknown[]];
    await t.app({
      controllers: [
        handlerOf(defineEvents({ [subject]: order }), subject, { startAt: 'first' }, (data) => strict.push(data)),
        handlerOf(defineEvents({ [subject]: v1 }), subject, { startAt: 'first' }, (data) => loose.push(data)),
      ],
    });
    await (await t.client()).emitAsync(subject, { id: '1' });
    await eventually(() => expect(loose).toEqual([{ id: '1' }]));
    await (await t.client()).emitAsync(subject, { id: '2', price: 3 });
    await eventually(() => expect([strict, loose]).toEqual([[{ id: '2', price: 3 }], [{ id: '1' }, { id: '2' }]]));
  });

  it('C17 reports an invalid event that was acknowledged on delivery, once', async () => {
    const subject = fresh('orders');
    const runs: unknown[] = [];
    const events = defineEvents({ [subject]: order });
    const { server } = await t.app({
      controllers: [handlerOf(events, subject, { startAt: 'first', ackMode: 'onDelivery' }, (data) => runs.push(data))],
    });
    const told: unknown[] = [];
    server.on('undecodable', ({ error }) => void told.push(error.code));
    const client = await t.client();
    await client.emitAsync(subject, { id: 1 });
    await client.emitAsync(subject, { id: '2', price: 3 });
    await eventually(() => expect([runs, told]).toEqual([[{ id: '2', price: 3 }], ['STAN_INVALID_PAYLOAD']]));
  });

  it('C7 writes the same bytes with a contract of first versions as without one', async () => {
    const subject = fresh('orders');
    const bytes: string[] = [];
    await t.app({
      controllers: [
        listenerFor(
          subject,
          { startAt: 'first' },
          (_data, context) => void bytes.push(context.getRawData().toString()),
        ),
      ],
    });
    const data = { price: 3, id: '1', extra: [1, { a: null }] };
    await (await t.client()).emitAsync(subject, data);
    await (await t.client({ contract: defineEvents({ [subject]: order }) })).emitAsync(subject, data);
    await eventually(() => bytes.length === 2);
    expect(bytes[1]).toBe(bytes[0]);
  });

  it('C13 handles a dead letter again once a new release takes what was refused', async () => {
    const [subject, dead, group] = [fresh('orders'), fresh('dead-letters'), fresh('group')];
    const options = { ...durableQueue(group), deadLetter: { subject: dead } };
    const first = await t.app({
      controllers: [handlerOf(defineEvents({ [subject]: order }), subject, options, () => expect.unreachable())],
    });
    const client = await t.client();
    await client.emitAsync(subject, { id: '1' });
    await t.eventually(async () => expect(await t.broker.facts.storedCount(dead)).toBe(1), { what: 'the dead letter' });
    await first.close();
    const letters: Buffer[] = [];
    await t.app({
      controllers: [
        listenerFor(dead, { startAt: 'first' }, (_data, context) => void letters.push(context.getRawData())),
      ],
    });
    await eventually(() => letters.length === 1);

    const runs: unknown[] = [];
    const wider = defineEvents({ [subject]: v1 });
    await t.app({ controllers: [handlerOf(wider, subject, options, (data) => runs.push(data))] });
    await client.emitAsync(replaySubject(dead), JSON.parse(letters[0]?.toString() ?? ''));
    await eventually(() => expect(runs).toEqual([{ id: '1' }]), { what: 'the replayed event' });
  });
});
