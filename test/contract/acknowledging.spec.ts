import type { CanActivate, NestInterceptor, PipeTransform, RpcExceptionFilter } from '@nestjs/common';
import { Catch, Controller, Scope, UseFilters, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';

import { RpcException } from '@nestjs/microservices';
import type { StanContext, UndecodablePolicy } from 'nestjs-stan';
import { StanEventPattern } from 'nestjs-stan';
import type { Observable } from 'rxjs';
import { concat, defer, EMPTY, map, of, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Handle } from '../support/contract.js';
import { contract, emitAll, listenerFor, Recorder, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { eventually, latch } from '../support/wait.js';

/** Shorter than the shortest ack wait allowed would be an error; on the real server it is real time. */
const ackWaitMs = 1_000;

const fails = (): never => {
  throw new Error('planned failure');
};
/** Ways to fail; each reports that the delivery has arrived where it fails. */
const failures: readonly [
  title: string,
  fail: (arrived: () => void) => { handle: Handle; decorators?: MethodDecorator[] },
][] = [
  ['a throw', (arrived) => ({ handle: () => failAfter(arrived) })],
  ['a rejection', (arrived) => ({ handle: async () => failAfter(arrived) })],
  ['an errored observable', (arrived) => ({ handle: () => defer(() => failAfter(arrived)) })],
  [
    'an observable that errors after a value',
    (arrived) => ({
      handle: () =>
        concat(
          of(1),
          defer(() => failAfter(arrived)),
        ),
    }),
  ],
  ['an RpcException', (arrived) => ({ handle: () => failAfter(arrived, new RpcException('planned failure')) })],
  ['a failing pipe', (arrived) => around(UsePipes({ transform: () => failAfter(arrived) } satisfies PipeTransform))],
  ['a failing guard', (arrived) => around(UseGuards({ canActivate: () => failAfter(arrived) } satisfies CanActivate))],
  [
    'a guard that says no',
    (arrived) => around(UseGuards({ canActivate: () => isFalseAfter(arrived) } satisfies CanActivate)),
  ],
  [
    'an interceptor that fails before the handler',
    (arrived) => around(UseInterceptors({ intercept: () => failAfter(arrived) } satisfies NestInterceptor)),
  ],
  [
    'an interceptor that fails after the handler',
    (arrived) =>
      around(
        UseInterceptors({
          intercept: (_, next) => next.handle().pipe(map(() => failAfter(arrived))),
        } satisfies NestInterceptor),
      ),
  ],
];

function failAfter(arrived: () => void, error: Error = new Error('planned failure')): never {
  arrived();
  throw error;
}

function isFalseAfter(arrived: () => void): boolean {
  arrived();
  return false;
}

function around(decorator: MethodDecorator & ClassDecorator): { handle: Handle; decorators: MethodDecorator[] } {
  return { handle: () => 'fine', decorators: [decorator] };
}

contract('acknowledging', (t) => {
  const pending = (subject: string) => t.broker.facts.pendingCount(subject);
  const becomesAcked = (subject: string) =>
    eventually(async () => expect(await pending(subject)).toBe(0), { what: 'the ack to reach the server' });

  describe('after the handler', () => {
    const successes: readonly [string, Handle][] = [
      ['returns nothing', () => undefined],
      ['returns a value', () => ({ ok: true })],
      ['resolves', () => Promise.resolve('done')],
      ['returns an observable of nothing', () => EMPTY],
      ['returns an observable of one value', () => of(1)],
      ['returns an observable of many values', () => of(1, 2, 3)],
      ['resolves to an observable', () => Promise.resolve(of(1, 2))],
    ];
    it.each(successes)('B9 acks when it %s', async (_, handle) => {
      const subject = fresh('orders');
      const seen = new Recorder();
      await t.app({
        controllers: [
          listenerFor(subject, { ackWaitMs, startAt: 'first' }, (data, context) => {
            seen.add(data, context);
            return handle(data, context);
          }),
        ],
      });
      await (await t.client()).emitAsync(subject, 1);
      await eventually(() => seen.count === 1);
      await becomesAcked(subject);
      await t.pass(ackWaitMs + 500);
      expect(seen.count).toBe(1);
    });

    it('B9 acks no sooner than its promise resolves', async () => {
      const subject = fresh('orders');
      const [started, mayEnd] = [latch(), latch()];
      const listener = listenerFor(subject, { startAt: 'first' }, async () => {
        started.open();
        await mayEnd.promise;
      });
      await t.app({ controllers: [listener] });
      await (await t.client()).emitAsync(subject, 1);
      await started.wait();
      await t.pass(200);
      expect(await pending(subject)).toBe(1);
      mayEnd.open();
      await becomesAcked(subject);
    });

    it('B9 acks when its observable completes, not at a value', async () => {
      const subject = fresh('orders');
      const stream = new Subject<number>();
      await t.app({ controllers: [listenerFor(subject, { startAt: 'first' }, (): Observable<number> => stream)] });
      await (await t.client()).emitAsync(subject, 1);
      await eventually(() => stream.observed, { what: 'the observable to be subscribed to' });
      stream.next(1);
      stream.next(2);
      await t.pass(200);
      expect(await pending(subject)).toBe(1);
      stream.complete();
      await becomesAcked(subject);
    });
  });

  describe('a failure', () => {
    it.each(failures)('B10 leaves the event unacked, for another delivery: %s', async (_, makeFailure) => {
      const subject = fresh('orders');
      let arrivals = 0;
      const { handle, decorators } = makeFailure(() => (arrivals += 1));
      await t.app({ controllers: [listenerFor(subject, { ackWaitMs, startAt: 'first' }, handle, decorators)] });
      await (await t.client()).emitAsync(subject, 1);
      await t.eventually(() => arrivals >= 2, { what: 'another delivery' });
      expect(await pending(subject)).toBe(1);
    });

    it('B10 leaves the event unacked when a request-scoped controller cannot be made', async () => {
      const subject = fresh('orders');
      let constructions = 0;
      @Controller({ scope: Scope.REQUEST })
      class Broken {
        constructor() {
          constructions += 1;
          if (constructions < 3) throw new Error('planned failure');
        }
        @StanEventPattern(subject, { ackWaitMs, startAt: 'first' })
        handle(): void {
          // nothing to do: being called is what counts
        }
      }
      await t.app({ controllers: [Broken] });
      await (await t.client()).emitAsync(subject, 1);
      await t.eventually(() => constructions >= 3, { what: 'two more deliveries' });
      await becomesAcked(subject);
      expect(constructions).toBe(3);
    });

    it('B11 counts as handled when an exception filter swallows it', async () => {
      const subject = fresh('orders');
      const seen = new Recorder();
      const listener = listenerFor(
        subject,
        { ackWaitMs, startAt: 'first' },
        (data, context) => {
          seen.add(data, context);
          fails();
        },
        [UseFilters(new Swallow())],
      );
      await t.app({ controllers: [listener] });
      await (await t.client()).emitAsync(subject, 1);
      await eventually(() => seen.count === 1);
      await becomesAcked(subject);
      await t.pass(ackWaitMs + 500);
      expect(seen.count).toBe(1);
    });

    it.each([
      ['throws', () => new Rethrow()],
      ['returns an observable that errors', () => new Rewrap()],
    ])('B11 stays a failure when the exception filter %s', async (_, makeFilter) => {
      const subject = fresh('orders');
      const seen = new Recorder();
      const listener = listenerFor(
        subject,
        { ackWaitMs, startAt: 'first' },
        (data, context) => {
          seen.add(data, context);
          fails();
        },
        [UseFilters(makeFilter())],
      );
      await t.app({ controllers: [listener] });
      await (await t.client()).emitAsync(subject, 1);
      await t.eventually(() => seen.count >= 2, { what: 'the second delivery' });
      expect(seen.deliveries[1]?.redelivered).toBe(true);
    });
  });

  describe('by hand', () => {
    const manual = { ackMode: 'manual', ackWaitMs, startAt: 'first' } as const;

    it('B12 acks when the handler says so, before it has finished', async () => {
      const subject = fresh('orders');
      const mayEnd = latch();
      const listener = listenerFor(subject, manual, async (_, context) => {
        context.ack();
        await mayEnd.promise;
      });
      await t.app({ controllers: [listener] });
      await (await t.client()).emitAsync(subject, 1);
      await eventually(async () => {
        expect((await t.broker.facts.subscriptions(subject))[0]).toMatchObject({ last_sent: 1, pending_count: 0 });
      });
      mayEnd.open();
    });

    it('B12 takes a second ack for nothing', async () => {
      const subject = fresh('orders');
      const seen = new Recorder();
      const listener = listenerFor(subject, manual, (data, context) => {
        seen.add(data, context);
        context.ack();
        context.ack();
        expect(context.isSettled()).toBe(true);
      });
      await t.app({ controllers: [listener] });
      await (await t.client()).emitAsync(subject, 1);
      await eventually(() => seen.count === 1);
      await becomesAcked(subject);
      await t.pass(ackWaitMs + 500);
      expect(seen.count).toBe(1);
    });

    it('B12 sends the event again when nobody acks', async () => {
      const subject = fresh('orders');
      const seen = new Recorder();
      await t.app({ controllers: [listenerFor(subject, manual, (data, context) => seen.add(data, context))] });
      await (await t.client()).emitAsync(subject, 1);
      await t.eventually(() => seen.count >= 3, { what: 'two redeliveries' });
      expect(seen.deliveries.slice(0, 3).map(({ redeliveryCount }) => redeliveryCount)).toEqual([0, 1, 2]);
    });

    it('B12 acks from another tick, after the handler has returned', async () => {
      const subject = fresh('orders');
      const seen = new Recorder();
      const listener = listenerFor(subject, manual, (data, context) => {
        seen.add(data, context);
        setImmediate(() => setImmediate(() => context.ack()));
      });
      await t.app({ controllers: [listener] });
      await (await t.client()).emitAsync(subject, 1);
      await eventually(() => seen.count === 1);
      await becomesAcked(subject);
    });

    it('B12 does nothing after close, and does not throw', async () => {
      const subject = fresh('orders');
      const durable = { ...manual, durableName: fresh('durable') };
      let late: StanContext | undefined;
      const listener = listenerFor(subject, durable, (_, context) => void (late = context));
      const app = await t.app({ controllers: [listener] });
      await (await t.client()).emitAsync(subject, 1);
      const context = await eventually(() => late ?? false);
      await app.close();
      expect(() => context.ack()).not.toThrow();
      expect(await pending(subject)).toBe(1);
    });
  });

  it('B12 counts an event as done on arrival when the mode says so, even if its handler fails', async () => {
    const subject = fresh('orders');
    const seen = new Recorder();
    const listener = listenerFor(subject, { ackMode: 'onDelivery', ackWaitMs, startAt: 'first' }, (data, context) => {
      seen.add(data, context);
      fails();
    });
    await t.app({ controllers: [listener] });
    await (await t.client()).emitAsync(subject, 1);
    await eventually(() => seen.count === 1);
    await becomesAcked(subject);
    await t.pass(ackWaitMs + 500);
    expect(seen.count).toBe(1);
  });

  it('B13 delivers the next event only after the ack, at maxInFlight 1', async () => {
    const subject = fresh('orders');
    const seen = new Recorder<number>();
    const gates = [latch(), latch(), latch()];
    const listener = listenerFor(subject, { maxInFlight: 1, startAt: 'first' }, async (id: number, context) => {
      seen.add(id, context);
      await gates[id]?.promise;
    });
    await t.app({ controllers: [listener] });
    await emitAll(await t.client(), subject, [0, 1, 2]);
    for (const id of [0, 1, 2]) {
      await eventually(() => expect(seen.data).toEqual(upTo(id + 1)));
      expect(await t.broker.facts.subscriptions(subject)).toMatchObject([{ last_sent: id + 1, pending_count: 1 }]);
      gates[id]?.open();
    }
    await becomesAcked(subject);
  });

  it('B14 settles two handlers of one subject independently of each other', async () => {
    const subject = fresh('orders');
    const [good, bad] = [new Recorder(), new Recorder()];
    await t.app({
      controllers: [
        listenerFor(subject, { ackWaitMs, startAt: 'first', queueGroup: 'good' }, (data, context) =>
          good.add(data, context),
        ),
        listenerFor(subject, { ackWaitMs, startAt: 'first', queueGroup: 'bad' }, (data, context) => {
          bad.add(data, context);
          fails();
        }),
      ],
    });
    await (await t.client()).emitAsync(subject, 1);
    await t.eventually(() => bad.count >= 3, { what: 'two redeliveries to the failing handler' });
    expect(good.count).toBe(1);
    const subscriptions = await t.broker.facts.subscriptions(subject);
    const pendingOf = new Map(subscriptions.map((one) => [one.queue_name, one.pending_count]));
    expect([pendingOf.get('good'), pendingOf.get('bad')]).toEqual([0, 1]);
  });

  it('B15 goes on after 1 000 handlers have thrown, with no unhandled rejection', async () => {
    const subject = fresh('orders');
    const rejections: unknown[] = [];
    const onRejection = (reason: unknown) => void rejections.push(reason);
    process.on('unhandledRejection', onRejection);
    const seen = new Recorder<number>();
    const options = { ackWaitMs: 30_000, maxInFlight: 2_000, startAt: 'first' } as const;
    const listener = listenerFor(subject, options, (id: number, context) => {
      seen.add(id, context);
      if (id < 1_000) fails();
    });
    await t.app({ controllers: [listener] });
    const client = await t.client();
    await emitAll(client, subject, upTo(1_000));
    await eventually(() => seen.count === 1_000, { what: '1 000 failures' });
    await client.emitAsync(subject, 1_000);
    await eventually(() => seen.count === 1_001, { what: 'the event after them' });
    await eventually(async () => expect(await pending(subject)).toBe(1_000));
    process.off('unhandledRejection', onRejection);
    expect(rejections).toEqual([]);
  });

  describe('bytes that cannot be decoded', () => {
    const policies: readonly [UndecodablePolicy, string, number][] = [
      ['leave', 'stay unacked', 1],
      ['ack', 'are acked', 0],
      ['deadLetter', 'go to the dead-letter subject and are acked', 0],
    ];
    it.each(policies)('B16 under the policy %s: they %s, and the next event flows', async (policy, _, pendingAfter) => {
      const [subject, deadLetters] = [fresh('orders'), fresh('dead-letters')];
      const seen = new Recorder();
      const options = {
        startAt: 'first',
        onUndecodable: policy,
        ...(policy === 'deadLetter' && { deadLetter: { subject: deadLetters } }),
      } as const;
      await t.app({ controllers: [listenerFor(subject, options, (data, context) => seen.add(data, context))] });
      const raw = await t.rawClient();
      await raw.publish(subject, Buffer.from([0x7b, 0xff, 0xfe]));
      await raw.publish(subject, '"next"');

      await eventually(() => seen.count === 1, { what: 'the next event' });
      expect(seen.data).toEqual(['next']);
      await eventually(async () => expect(await pending(subject)).toBe(pendingAfter));
      expect(await t.broker.facts.storedCount(deadLetters)).toBe(policy === 'deadLetter' ? 1 : 0);
    });
  });
});

@Catch()
class Swallow implements RpcExceptionFilter {
  catch(): Observable<never> {
    return EMPTY;
  }
}

@Catch()
class Rewrap implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

@Catch()
class Rethrow implements RpcExceptionFilter {
  catch(error: Error): Observable<never> {
    throw error;
  }
}
