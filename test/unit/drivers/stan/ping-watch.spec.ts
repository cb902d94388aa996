import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PingWatch } from '../../../../lib/drivers/stan/ping-watch.js';

const intervalMs = 5_000;

/** A connection whose pings the test answers, or leaves to time out. */
class Pings {
  readonly told: string[] = [];
  sentCount = 0;
  answer: string | Buffer | undefined = '';
  readonly watch = new PingWatch(
    {
      nats: {
        closed: false,
        requestOne: (_subject, _body, _options, timeoutMs, done) => {
          this.sentCount += 1;
          const { answer } = this;
          if (answer === undefined) setTimeout(() => done(new Error('timeout')), timeoutMs);
          else queueMicrotask(() => done(answer));
        },
      },
      subject: 'pings',
      body: Buffer.from('id'),
    },
    intervalMs,
    {
      onSilent: () => this.told.push('silent'),
      onAnswered: (silentMs) => this.told.push(`answered after ${String(silentMs)}`),
      onForgotten: () => this.told.push('forgotten'),
    },
  );
}

describe('a watch over the pings of a session', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('pings at the interval and says nothing while all are answered', async () => {
    const pings = new Pings();
    pings.watch.start();
    await vi.advanceTimersByTimeAsync(3 * intervalMs);
    expect(pings.sentCount).toBe(3);
    expect(pings.told).toEqual([]);
  });

  it('says within two intervals that the server is silent, once', async () => {
    const pings = new Pings();
    pings.answer = undefined;
    pings.watch.start();
    await vi.advanceTimersByTimeAsync(2 * intervalMs);
    expect(pings.told).toEqual(['silent']);
    await vi.advanceTimersByTimeAsync(10 * intervalMs);
    expect(pings.told).toEqual(['silent']);
  });

  it('asks every second while the server is silent, and says when it answers again', async () => {
    const pings = new Pings();
    pings.answer = undefined;
    pings.watch.start();
    await vi.advanceTimersByTimeAsync(intervalMs + 10_500);
    pings.answer = '';
    await vi.advanceTimersByTimeAsync(1_000);
    expect(pings.told).toEqual(['silent', 'answered after 11000']);
  });

  it('says that the server answers again after a single miss too: something may be lost', async () => {
    const pings = new Pings();
    pings.answer = undefined;
    pings.watch.start();
    await vi.advanceTimersByTimeAsync(intervalMs + 500);
    pings.answer = '';
    await vi.advanceTimersByTimeAsync(600);
    expect(pings.told).toEqual(['answered after 1000']);
  });

  it('asks at once where it is told to, and not twice at a time', async () => {
    const pings = new Pings();
    pings.answer = undefined;
    pings.watch.start();
    pings.watch.ask();
    pings.watch.ask();
    expect(pings.sentCount).toBe(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(pings.told).toEqual(['silent']);
  });

  it('says that the server does not know the client any more', async () => {
    const pings = new Pings();
    pings.answer = 'client has been replaced or is no longer registered';
    pings.watch.start();
    await vi.advanceTimersByTimeAsync(intervalMs);
    expect(pings.told[0]).toBe('forgotten');
  });

  it('takes no answer but the empty text for one that it is known', async () => {
    const pings = new Pings();
    pings.answer = Buffer.alloc(0);
    pings.watch.start();
    await vi.advanceTimersByTimeAsync(intervalMs);
    expect(pings.told).toEqual(['forgotten']);
  });

  it.each(['', 'client has been replaced or is no longer registered'])(
    'takes an answer to an earlier round, %j, for none',
    async (answer) => {
      const pings = new Pings();
      pings.answer = answer;
      pings.watch.start();
      pings.watch.ask();
      pings.watch.stop();
      await vi.advanceTimersByTimeAsync(1);
      expect(pings.told).toEqual([]);
      pings.answer = undefined;
      pings.watch.start();
      pings.watch.ask();
      pings.watch.start();
      pings.watch.ask();
      // Two questions without an answer, in a row, are a silence: the one of the round before is not counted.
      await vi.advanceTimersByTimeAsync(1_000);
      expect([pings.told, pings.sentCount]).toEqual([[], 4]);
      pings.watch.stop();
    },
  );

  it('says nothing once it is stopped, and asks nothing', async () => {
    const pings = new Pings();
    pings.answer = undefined;
    pings.watch.start();
    pings.watch.ask();
    pings.watch.stop();
    await vi.advanceTimersByTimeAsync(10 * intervalMs);
    pings.watch.ask();
    expect(pings.told).toEqual([]);
    expect(pings.sentCount).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
