import type { StanContext } from 'nestjs-stan';
import { NonRetriableException, defineEvents, durableQueue, outboxEnvelope, replaySubject } from 'nestjs-stan';
import { expect, it } from 'vitest';
import { z } from 'zod';
import type { Contract } from '../../support/contract.js';
import { contract, listenerFor } from '../../support/contract.js';
import { fresh } from '../../support/fresh.js';

const server = { deserializer: outboxEnvelope() };

/** As `@nestjs/outbox` 0.1 makes it; the package itself is not needed for it. */
function envelope(topic: string, payload: unknown) {
  return { id: '0197a', topic, key: 'order 1', headers: { Tenant: 'a' }, createdAt: Date.now(), payload };
}

const expected = { id: '0197a', key: 'order 1', tenant: 'a' };

contract("the envelope of Nest's outbox", (t) => {
  it('gives a handler the payload, and its context id, key and headers', async () => {
    const subject = fresh('order');
    const seen: unknown[] = [];
    const listener = listenerFor(subject, { startAt: 'first' }, (data, context) => seen.push(factsOf(data, context)));
    await t.app({ controllers: [listener], server });
    const client = await t.client();
    await client.emitAsync(subject, envelope(subject, { orderId: 1 }));
    await client.emitAsync(subject, { orderId: 2 }, { id: 'plain' });
    await t.eventually(() => seen.length === 2);
    expect(seen).toEqual([
      [{ orderId: 1 }, expected],
      [{ orderId: 2 }, { id: 'plain' }],
    ]);
  });

  it('does so in a redelivery and in a replay of its dead letter', async () => {
    const [subject, dead] = [fresh('order'), fresh('dead')];
    const seen: unknown[] = [];
    const options = { ...durableQueue(fresh('orders')), ackWaitMs: 1_000, deadLetter: { subject: dead } };
    const failing = listenerFor(subject, options, (data, context) => {
      seen.push(factsOf(data, context));
      throw seen.length === 1 ? new Error('not yet') : new NonRetriableException('never');
    });
    await t.app({ controllers: [failing], server });
    await (await t.client()).emitAsync(subject, envelope(subject, { orderId: 1 }));
    await t.eventually(() => seen.length === 2, { timeoutMs: 10_000 });
    const letter = await lastOf(t, dead);
    await (await t.rawClient()).publish(replaySubject(dead), letter);
    await t.eventually(() => seen.length === 3, { timeoutMs: 10_000 });
    expect(seen).toEqual(Array(3).fill([{ orderId: 1 }, expected]));
  });

  it('has the payload checked by the contract of the handler', async () => {
    const subject = fresh('order');
    const events = defineEvents({
      [subject]: z.object({ orderId: z.number() }).transform((order) => ({ ...order, read: true })),
    });
    const seen: unknown[] = [];
    const listener = listenerFor('unused', {}, (data, context) => seen.push(factsOf(data, context)));
    const descriptor = Object.getOwnPropertyDescriptor(listener.prototype, 'handle') ?? {};
    (events.EventPattern(subject, { startAt: 'first' }) as MethodDecorator)(
      listener.prototype as object,
      'handle',
      descriptor,
    );
    await t.app({ controllers: [listener], server });
    await (await t.client()).emitAsync(subject, envelope(subject, { orderId: 1 }));
    await t.eventually(() => seen.length === 1);
    expect(seen).toEqual([[{ orderId: 1, read: true }, expected]]);
  });
});

function factsOf(data: unknown, context: StanContext): unknown {
  expect(context.getEventId()).toBe(context.getHeader('id'));
  return [data, context.getMetadata()];
}

async function lastOf(t: Contract, subject: string): Promise<string> {
  const messages = await (await t.rawClient()).readAll(subject);
  await t.eventually(() => messages.length > 0);
  return String(messages.at(-1)?.getData());
}
