import { AsyncLocalStorage } from 'node:async_hooks';

import type { CanActivate } from '@nestjs/common';
import { Controller, Injectable, UseGuards } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { DeadLetter } from 'nestjs-stan';
import { StanContext, StanEventPattern } from 'nestjs-stan';
import { describe, expect, it } from 'vitest';

import { contract, listenerFor, Recorder } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { latch } from '../support/wait.js';

const group = (name: string) => ({ queueGroup: name, durableName: name, startAt: 'first', ackWaitMs: 1_000 }) as const;

contract("what a user's code does", (t) => {
  /** Resolves once the server waits for no ack of the channel, and has so many messages there. */
  const settled = (subject: string, stored: number) =>
    t.eventually(
      async () =>
        (await t.broker.facts.storedCount(subject)) === stored && (await t.broker.facts.pendingCount(subject)) === 0,
    );

  describe('a handler', () => {
    it('that is an async generator has run to its end before the ack', async () => {
      const subject = fresh('generator');
      const [middle, release] = [latch(), latch()];
      const steps: string[] = [];
      async function* handle(): AsyncGenerator<number> {
        steps.push('first');
        yield 1;
        middle.open();
        await release.promise;
        steps.push('last');
      }
      await t.app({ controllers: [listenerFor(subject, { ...group('g'), ackWaitMs: 60_000 }, handle)] });
      await (await t.client()).emitAsync(subject, 1);
      await middle.promise;
      expect(await t.broker.facts.pendingCount(subject)).toBe(1);
      release.open();
      await settled(subject, 1);
      expect(steps).toEqual(['first', 'last']);
    });

    t.only('stanMonitoring', 'with two decorators has two subscriptions, each with its own options', async () => {
      const [a, b] = [fresh('a'), fresh('b')];
      const seen: string[] = [];
      @Controller()
      class Listener {
        @StanEventPattern(a, { ...group('ga'), maxInFlight: 3 })
        @StanEventPattern(b, { queueGroup: 'gb', maxInFlight: 7 })
        handle(@Payload() data: string, @Ctx() context: StanContext): void {
          seen.push(`${context.getSubject()} ${data}`);
        }
      }
      await t.app({ controllers: [Listener] });
      const client = await t.client();
      await client.emitAsync(a, 'x');
      await client.emitAsync(b, 'y');
      await t.eventually(() => seen.length === 2);
      expect(seen.sort()).toEqual([`${a} x`, `${b} y`].sort());
      expect((await t.broker.facts.subscriptions(a)).map((one) => [one.queue_name, one.max_inflight])).toEqual([
        ['ga:ga', 3],
      ]);
      expect((await t.broker.facts.subscriptions(b)).map((one) => [one.queue_name, one.max_inflight])).toEqual([
        ['gb', 7],
      ]);
    });

    it.each<[string, () => unknown]>([
      ['an error of 1.1 MB', () => new Error('x'.repeat(1_100_000))],
      [
        'an error whose message throws',
        () => Object.defineProperty(new Error('x'), 'message', { get: () => raise('no') }),
      ],
      ['a revoked proxy', revokedProxy],
    ])('that throws %s has its event dead-lettered, and the next one runs', async (_what, make) => {
      const [subject, dead] = [fresh('thrown'), fresh('dead')];
      const handled: unknown[] = [];
      const handle = (data: never): void => {
        if (data === 'bad') raise(make());
        handled.push(data);
      };
      const options = { ...group('g'), maxDeliveries: 2, deadLetter: { subject: dead } };
      await t.app({ controllers: [listenerFor(subject, options, handle)] });
      const client = await t.client();
      await client.emitAsync(subject, 'bad');
      await client.emitAsync(subject, 'good');
      await settled(subject, 2);
      expect(handled).toEqual(['good']);
      const letters = await (await t.rawClient()).readAll(dead);
      await t.eventually(() => letters.length === 1);
      expect(JSON.parse(letters[0]?.getData().toString() ?? '') as DeadLetter).toMatchObject({
        subject,
        deliveries: 2,
      });
    });

    it('behind a guard that enters an AsyncLocalStorage has a context of its own for each event', async () => {
      const subject = fresh('context');
      const storage = new AsyncLocalStorage<{ readonly made: number }>();
      let made = 0;
      @Injectable()
      class Guard implements CanActivate {
        canActivate(): boolean {
          if (storage.getStore() === undefined) storage.enterWith({ made: (made += 1) });
          return true;
        }
      }
      const seen: (number | undefined)[] = [];
      const handle = (): void => void seen.push(storage.getStore()?.made);
      await t.app({ controllers: [listenerFor(subject, group('g'), handle, [UseGuards(Guard)])] });
      const client = await t.client();
      for (const value of [1, 2, 3]) await client.emitAsync(subject, value);
      await t.eventually(() => seen.length === 3);
      expect(seen).toEqual([1, 2, 3]);
    });
  });

  it('an end hook that throws leaves the event as the handler settled it', async () => {
    const subject = fresh('hook');
    const recorder = new Recorder();
    const { server } = await t.app({
      controllers: [listenerFor(subject, group('g'), (data, context) => recorder.add(data, context))],
    });
    server.setOnProcessingEndHook(() => raise('the hook'));
    await (await t.client()).emitAsync(subject, 1);
    await settled(subject, 1);
    expect(recorder.count).toBe(1);
  });

  it('a logger that throws or rejects for our lines ends nothing', async () => {
    const subject = fresh('logger');
    const dead = fresh('dead');
    const options = { ...group('g'), maxDeliveries: 1, deadLetter: { subject: dead } };
    // Nest has lines of its own, whose promises it drops.
    const reject = (...values: unknown[]): unknown =>
      values.includes('ServerStan') ? Promise.reject(new Error('the log is gone')) : undefined;
    await t.app({
      controllers: [listenerFor(subject, options, () => raise('no'))],
      configure: (app) => {
        app.useLogger({
          log: reject,
          error: (...values: unknown[]) => (values.includes('ServerStan') ? raise('the log is gone') : undefined),
          warn: reject,
          debug: reject,
        });
      },
    });
    await (await t.client()).emitAsync(subject, 1);
    await settled(subject, 1);
    expect(await t.broker.facts.storedCount(dead)).toBe(1);
  });

  describe('publishing', () => {
    it.each<[string, () => unknown]>([
      ['a promise', () => Promise.resolve(1)],
      ['a function', () => () => 1],
      ['a symbol', () => Symbol('x')],
    ])('%s is refused, and nothing is stored', async (_what, make) => {
      const subject = fresh('no-data');
      const client = await t.client();
      await expect(client.emitAsync(subject, make())).rejects.toMatchObject({ code: 'STAN_SERIALIZATION_FAILED' });
      await client.emitAsync(subject, 'data');
      expect(await t.broker.facts.storedCount(subject)).toBe(1);
    });

    it('has its time limit while its serializer never settles, and later events are stored', async () => {
      const subject = fresh('stuck');
      const client = await t.client({
        publishTimeoutMs: 300,
        serializer: {
          serialize: ({ data }: { data: unknown }) => (data === 'stuck' ? new Promise(() => undefined) : String(data)),
        },
      });
      await expect(client.emitAsync(subject, 'stuck')).rejects.toMatchObject({ code: 'STAN_PUBLISH_TIMEOUT' });
      await client.emitAsync(subject, 'fine');
      expect(await t.broker.facts.storedCount(subject)).toBe(1);
    });

    it('tells next, error and complete in the context of the caller', async () => {
      const storage = new AsyncLocalStorage<string>();
      const client = await t.client();
      const told: (string | undefined)[] = [];
      const note = (): void => void told.push(storage.getStore());
      await storage.run('another', () => client.emitAsync(fresh('x'), 0));
      storage.run('bob', () => client.emit(fresh('x'), 1).subscribe({ next: note, complete: note }));
      storage.run('eve', () => client.emit('not a subject', 1).subscribe({ error: note }));
      await t.eventually(() => told.length === 3);
      expect(told.sort()).toEqual(['bob', 'bob', 'eve']);
    });
  });
});

function raise(thrown: unknown): never {
  throw thrown;
}

function revokedProxy(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
