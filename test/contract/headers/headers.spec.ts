import type { Message } from 'node-nats-streaming';
import { describe, expect, it } from 'vitest';
import { runDeadLetters } from '../../../lib/cli/dead-letters/run-dead-letters.js';
import type { StanContext } from '../../../lib/index.js';
import {
  InvalidHeadersError,
  NonRetriableException,
  PayloadTooLargeError,
  StanRecordBuilder,
  durableQueue,
} from '../../../lib/index.js';
import type { Contract } from '../../support/contract.js';
import { contract, listenerFor } from '../../support/contract.js';
import { fresh } from '../../support/fresh.js';
import { testIo } from '../../support/test-io.js';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const options = { id: '01J-ü', key: 'order 7', headers: { traceparent, tenant: 'a&b=c' } };
const expected = { id: '01J-ü', key: 'order 7', traceparent, tenant: 'a&b=c' };

contract('headers', (t) => {
  describe('O1 an event with headers', () => {
    it('[STAN-PUB-8] shows them to its handler, and bare JSON to every other client', async () => {
      const subject = fresh('ticket');
      const seen = await listen(t, subject);
      await (await t.client()).emitAsync(subject, { id: 7 }, options);
      await t.eventually(() => seen.length === 1);
      expect(seen[0]).toEqual({ ...expected, redelivered: false });
      const [message] = await readAll(t, subject, 1);
      expect(message?.getData()).toBe('{"id":7}');
    });

    it('shows them again in a redelivery', async () => {
      const subject = fresh('ticket');
      const seen: unknown[] = [];
      const failing = listenerFor(subject, { startAt: 'first', ackWaitMs: 1_000 }, (_data, context) => {
        seen.push({ ...factsOf(context) });
        if (seen.length === 1) throw new Error('not yet');
      });
      await t.app({ controllers: [failing] });
      await (await t.client()).emitAsync(subject, 1, options);
      await t.eventually(() => seen.length === 2, { timeoutMs: 10_000 });
      expect(seen).toEqual([
        { ...expected, redelivered: false },
        { ...expected, redelivered: true },
      ]);
    });

    it('takes them along to the dead letter, and back in both kinds of replay', async () => {
      const subject = fresh('ticket');
      const dead = fresh('dead');
      const seen: unknown[] = [];
      const failing = listenerFor(
        subject,
        { ...durableQueue(fresh('orders')), deadLetter: { subject: dead } },
        (_data, context) => {
          seen.push(Object.fromEntries(context.getHeaders()));
          throw new NonRetriableException('never');
        },
      );
      await t.app({ controllers: [failing] });
      await (await t.client()).emitAsync(subject, 1, options);
      await letters(t, dead, 1);
      expect(await command(t, ['show', '1', '--subject', dead])).toMatch(/header traceparent +00-0af7651916cd/);
      await command(t, ['replay', '1', '--handler', '--subject', dead]);
      await letters(t, dead, 3);
      await command(t, ['replay', '--all', '--subject', dead]);
      await t.eventually(() => seen.length === 3);
      expect(seen).toEqual([expected, expected, expected]);
      expect((await readAll(t, subject, 2)).map((message) => message.getData())).toEqual(['1', '1']);
    });
  });

  it('O1 survive a restart of the server', async () => {
    const subject = fresh('ticket');
    const client = await t.client();
    await client.emitAsync(subject, 1, options);
    await t.broker.restart();
    await t.eventually(() => client.emitAsync(subject, 2).then(() => true), { timeoutMs: 20_000 });
    const seen = await listen(t, subject);
    await t.eventually(() => seen.length === 2, { timeoutMs: 20_000 });
    expect(seen).toEqual([{ ...expected, redelivered: false }, { redelivered: false }]);
  });

  it('O1 are empty where the publisher was another client', async () => {
    const subject = fresh('ticket');
    const seen = await listen(t, subject);
    await (await t.rawClient()).publish(subject, '7');
    await t.eventually(() => seen.length === 1);
    expect(seen).toEqual([{ redelivered: false }]);
  });

  it('O4 are not written where there is nothing to write', async () => {
    const subject = fresh('ticket');
    await (await t.client()).emitAsync(subject, 1, {});
    const [message] = await readAll(t, subject, 1);
    expect(replyOf(message)).toBe('');
    await (await t.client()).emitAsync(subject, 2, { id: 'one' });
    expect(replyOf((await readAll(t, subject, 2))[1])).not.toBe('');
  });

  it('come with emit() by a record, under options that are given beside it', async () => {
    const subject = fresh('ticket');
    const seen = await listen(t, subject);
    const client = await t.client();
    const record = new StanRecordBuilder({ id: 7 }).setId('1').setKey('k').setHeader('tenant', 'a').build();
    client.emit(subject, record);
    await t.eventually(() => seen.length === 1);
    await client.emitAsync(subject, record, { id: '2' });
    await t.eventually(() => seen.length === 2);
    expect(seen).toEqual([
      { id: '1', key: 'k', tenant: 'a', redelivered: false },
      { id: '2', key: 'k', tenant: 'a', redelivered: false },
    ]);
    expect((await readAll(t, subject, 2)).map((message) => message.getData())).toEqual(['{"id":7}', '{"id":7}']);
  });

  it("carry what a dispatch hook of Nest's has put beside the data, under what the publisher says", async () => {
    const subject = fresh('ticket');
    const seen = await listen(t, subject);
    const client = await t.client();
    client.setOnDispatchHook((packet) => (packet.metadata = { 'X-Tenant': 'a', traceparent: 'of the hook' }));
    await client.emitAsync(subject, 1, { headers: { traceparent } });
    await t.eventually(() => seen.length === 1);
    expect(seen).toEqual([{ 'x-tenant': 'a', traceparent, redelivered: false }]);
  });

  describe('O2 headers that cannot be sent', () => {
    it('are refused before anything is sent: 4097 bytes, an illegal name, a value that is no text', async () => {
      const subject = fresh('ticket');
      const client = await t.client();
      const emit = (wrong: object) => client.emitAsync(subject, 1, wrong);
      await expect(emit({ id: 'x'.repeat(4_097 - 18) })).rejects.toThrow(InvalidHeadersError);
      await expect(emit({ headers: { Tenant: 'a' } })).rejects.toMatchObject({ code: 'STAN_INVALID_HEADERS', subject });
      await expect(emit({ headers: { tenant: 7 } })).rejects.toThrow(InvalidHeadersError);
      await emit({ id: 'x'.repeat(4_096 - 18) });
      expect(await readAll(t, subject, 1)).toHaveLength(1);
    });

    it('count against the largest payload that the server takes, to the byte', async () => {
      const subject = fresh('ticket');
      const client = await t.client();
      const free = await freeBytes(client.emitAsync(subject, 'x'.repeat(2_000_000), { id: 'x'.repeat(1_000) }));
      const text = (bytes: number) => 'x'.repeat(bytes - 2);
      await client.emitAsync(subject, text(free), { id: 'x'.repeat(1_000) });
      await expect(client.emitAsync(subject, text(free + 1), { id: 'x'.repeat(1_000) })).rejects.toThrow(
        PayloadTooLargeError,
      );
    });
  });
});

async function freeBytes(refused: Promise<unknown>): Promise<number> {
  const error: unknown = await refused.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(PayloadTooLargeError);
  return (error as PayloadTooLargeError).limitBytes;
}

/** What every handler of the subject sees beside the data, from its first event on. */
async function listen(t: Contract, subject: string): Promise<Record<string, unknown>[]> {
  const seen: Record<string, unknown>[] = [];
  const listener = listenerFor(subject, { startAt: 'first' }, (_data, context) => void seen.push(factsOf(context)));
  await t.app({ controllers: [listener] });
  return seen;
}

function factsOf(context: StanContext): Record<string, unknown> {
  expect(context.getEventId()).toBe(context.getHeader('id'));
  expect(context.getKey()).toBe(context.getHeader('key'));
  return { ...context.getMetadata(), redelivered: context.isRedelivered() };
}

/** The messages of a channel as node-nats-streaming shows them to somebody who does not use this package. */
async function readAll(t: Contract, subject: string, count: number): Promise<readonly Message[]> {
  const messages = await (await t.rawClient()).readAll(subject);
  await t.eventually(() => messages.length === count);
  return messages;
}

function replyOf(message: Message | undefined): string {
  // The vendor keeps what it has decoded there, and shows the field nowhere.
  return (message as unknown as { msg: { getReply(): string } }).msg.getReply();
}

async function command(t: Contract, argv: readonly string[]): Promise<string> {
  const io = testIo({ env: { NATS_URL: t.broker.url, NATS_CLUSTER_ID: t.broker.clusterId, ...t.broker.cliEnv } });
  const exitCode = await runDeadLetters(argv, io);
  expect(exitCode, io.err()).toBe(0);
  return io.out();
}

function letters(t: Contract, subject: string, count: number): Promise<true> {
  return t.eventually(async () => {
    const channel = await t.broker.facts.channel(subject);
    return channel?.last_seq === count;
  });
}
