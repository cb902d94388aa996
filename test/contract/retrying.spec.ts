import { durableQueue, NonRetriableException, RetryLaterException } from 'nestjs-stan';
import { expect, it } from 'vitest';
import { contract, emitAll, listenerFor, Recorder, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { eventually } from '../support/wait.js';

contract('retrying', (t) => {
  const pending = (subject: string) => t.broker.facts.pendingCount(subject);

  it('C26 tries again in the process, as often as attempts says, without a redelivery', async () => {
    const subject = fresh('orders');
    const seen = new Recorder();
    const listener = listenerFor(
      subject,
      { startAt: 'first', retry: { attempts: 3, delayMs: 20 } },
      (data, context) => {
        seen.add(data, context);
        if (seen.count < 3) throw new Error('planned failure');
      },
    );
    await t.app({ controllers: [listener] });
    await (await t.client()).emitAsync(subject, 1);
    await eventually(() => seen.count === 3, { what: 'the third attempt' });
    await eventually(async () => expect(await pending(subject)).toBe(0));
    expect(seen.deliveries.every(({ redelivered }) => !redelivered)).toBe(true);
  });

  it('C26 leaves the event to the server when the attempts are used up', async () => {
    const subject = fresh('orders');
    const seen = new Recorder();
    const listener = listenerFor(
      subject,
      { startAt: 'first', ackWaitMs: 1_000, retry: { attempts: 2, delayMs: 10 } },
      (data, context) => {
        seen.add(data, context);
        if (seen.count < 4) throw new Error('planned failure');
      },
    );
    await t.app({ controllers: [listener] });
    await (await t.client()).emitAsync(subject, 1);
    await t.eventually(() => seen.count === 4, { what: 'two attempts of two deliveries' });
    await eventually(async () => expect(await pending(subject)).toBe(0));
    expect(seen.deliveries.map(({ redeliveryCount }) => redeliveryCount)).toEqual([0, 0, 1, 1]);
  });

  it('C26 tries again only what retryOn accepts', async () => {
    const subject = fresh('orders');
    const seen = new Recorder();
    const retryOn = (error: unknown) => !(error instanceof RangeError);
    const listener = listenerFor(
      subject,
      { startAt: 'first', retry: { attempts: 5, delayMs: 1, retryOn } },
      (data, context) => {
        seen.add(data, context);
        throw seen.count === 2 ? new RangeError('no use') : new Error('planned failure');
      },
    );
    await t.app({ controllers: [listener] });
    const client = await t.client();
    await client.emitAsync(subject, 1);
    await eventually(() => seen.count === 2);
    await client.emitAsync(subject, 'sentinel');
    await eventually(() => expect(seen.data).toContain('sentinel'));
    expect(seen.data.filter((data) => data === 1)).toHaveLength(2);
  });

  it('C26 holds back a redelivery that RetryLaterException asked to come later', async () => {
    const subject = fresh('orders');
    const seen = new Recorder();
    const listener = listenerFor(subject, { startAt: 'first', ackWaitMs: 1_000 }, (data, context) => {
      seen.add(data, context);
      if (seen.count === 1) throw new RetryLaterException(2_500);
    });
    await t.app({ controllers: [listener] });
    await (await t.client()).emitAsync(subject, 1);
    await t.eventually(() => seen.count === 2, { what: 'the later try', timeoutMs: 15_000 });
    await eventually(async () => expect(await pending(subject)).toBe(0));
    const [first, second] = seen.deliveries;
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(2_000);
  });

  it('C26 makes no further attempt after NonRetriableException', async () => {
    const subject = fresh('orders');
    const [dead, seen] = [fresh('dead-letters'), new Recorder()];
    const options = { startAt: 'first', retry: { attempts: 5, delayMs: 1 }, deadLetter: { subject: dead } } as const;
    const listener = listenerFor(subject, options, (data, context) => {
      seen.add(data, context);
      throw new NonRetriableException('this will never work');
    });
    await t.app({ controllers: [listener] });
    await (await t.client()).emitAsync(subject, 1);
    await eventually(async () => expect(await t.broker.facts.storedCount(dead)).toBe(1), { what: 'the dead letter' });
    await eventually(async () => expect(await pending(subject)).toBe(0));
    expect(seen.count).toBe(1);
  });

  it('C27 dead-letters an event after maxDeliveries, and acks it only then', async () => {
    const subject = fresh('orders');
    const [dead, seen] = [fresh('dead-letters'), new Recorder()];
    const options = { startAt: 'first', ackWaitMs: 1_000, maxDeliveries: 3, deadLetter: { subject: dead } } as const;
    const listener = listenerFor(subject, options, (data, context) => {
      seen.add(data, context);
      throw new Error('planned failure');
    });
    await t.app({ controllers: [listener] });
    await (await t.client()).emitAsync(subject, { id: 1 });
    await eventually(() => seen.count === 1);
    expect([await pending(subject), await t.broker.facts.storedCount(dead)]).toEqual([1, 0]);
    await t.eventually(async () => expect(await t.broker.facts.storedCount(dead)).toBe(1), { what: 'the dead letter' });
    await eventually(async () => expect(await pending(subject)).toBe(0));
    expect(seen.deliveries.map(({ redeliveryCount }) => redeliveryCount)).toEqual([0, 1, 2]);
  });

  it('C27 counts the deliveries to all members of a queue group together', async () => {
    const subject = fresh('orders');
    const [dead, seen] = [fresh('dead-letters'), new Recorder<number>()];
    const options = {
      ...durableQueue(fresh('orders')),
      ackWaitMs: 1_000,
      maxDeliveries: 3,
      deadLetter: { subject: dead },
    };
    const member = async () => {
      const runs: number[] = [];
      const listener = listenerFor(subject, options, (id: number, context) => {
        runs.push(id);
        seen.add(id, context);
        throw new Error('planned failure');
      });
      await t.app({ controllers: [listener] });
      return runs;
    };
    const members = await Promise.all([member(), member()]);
    await emitAll(await t.client(), subject, upTo(10));
    await t.eventually(async () => expect(await t.broker.facts.storedCount(dead)).toBe(10), { what: 'ten letters' });
    await eventually(async () => expect(await pending(subject)).toBe(0));
    expect(members.every((runs) => runs.length > 0)).toBe(true);
    for (const id of upTo(10))
      expect(seen.deliveries.filter(({ data }) => data === id).map(({ redeliveryCount }) => redeliveryCount)).toEqual([
        0, 1, 2,
      ]);
  });

  it('C27 leaves an event in place whose dead letter the server does not take, and hands on the others', async () => {
    const subject = fresh('orders');
    const [dead, handled] = [fresh('dead-letters'), [] as string[]];
    const options = { startAt: 'first', deadLetter: { subject: dead } } as const;
    const listener = listenerFor(subject, options, (text: string) => {
      // Fits into an event, and beside the shortest thing that a dead letter can say no more.
      if (text.length > 1_000) throw new NonRetriableException('too much');
      handled.push(text);
    });
    const { server } = await t.app({ controllers: [listener] });
    const failures: unknown[] = [];
    server.on('deadLetterFailed', ({ error }) => void failures.push(error));
    const client = await t.client();
    await client.emitAsync(subject, 'x'.repeat(1_048_400));
    await client.emitAsync(subject, 'next');
    await eventually(() => expect(handled).toEqual(['next']));
    await eventually(() => expect(failures).toHaveLength(1));
    expect(failures).toMatchObject([{ code: 'STAN_DEAD_LETTER_FAILED', cause: { code: 'STAN_PAYLOAD_TOO_LARGE' } }]);
    // The ack of the other one may still be on its way.
    await eventually(async () => expect(await pending(subject)).toBe(1));
    expect(await t.broker.facts.storedCount(dead)).toBe(0);
  });
});
