import { describe, expect, it } from 'vitest';

import { durationToMs } from '../../../../lib/broker/clock/duration.js';
import { VirtualClock } from '../../../../lib/broker/clock/virtual-clock.js';
import { startBroker } from '../support/test-broker.js';

const fail = (thrown: unknown): never => {
  throw thrown;
};
const noWait = (): Promise<void> => Promise.resolve();

describe('VirtualClock', () => {
  it('fires timers in the order of their due times, and each sees its own', async () => {
    const clock = new VirtualClock(fail);
    const start = clock.nowMs();
    const fired: [string, number][] = [];
    const set = (name: string, delayMs: number) =>
      clock.after(delayMs, () => fired.push([name, clock.nowMs() - start]));
    set('b', 20);
    set('a', 10);
    set('b2', 20);
    set('later', 31);
    await clock.advance(30, noWait);
    expect(fired).toEqual([
      ['a', 10],
      ['b', 20],
      ['b2', 20],
    ]);
    expect(clock.nowMs() - start).toBe(30);
  });

  it('fires timers that other timers set, within the same advance', async () => {
    const clock = new VirtualClock(fail);
    let ticks = 0;
    const tick = (): void => {
      ticks += 1;
      clock.after(10, tick);
    };
    clock.after(10, tick);
    await clock.advance(100, noWait);
    expect(ticks).toBe(10);
  });

  it('does not fire what was cancelled, before or by another timer of the same moment', async () => {
    const clock = new VirtualClock(fail);
    let fired = 0;
    const count = (): void => {
      fired += 1;
    };
    clock.after(10, count).cancel();
    clock.after(10, () => victim.cancel());
    const victim = clock.after(10, count);
    await clock.advance(20, noWait);
    expect(fired).toBe(0);
  });

  it('goes on after a callback that throws, and reports it', async () => {
    const reported: unknown[] = [];
    const clock = new VirtualClock((thrown) => reported.push(thrown));
    const failure = new Error('no');
    clock.after(1, () => fail(failure));
    clock.after(2, () => reported.push('next'));
    await clock.advance(2, noWait);
    expect(reported).toEqual([failure, 'next']);
  });

  it('lets the world settle between two moments', async () => {
    const clock = new VirtualClock(fail);
    const order: string[] = [];
    clock.after(1, () => order.push('one'));
    clock.after(2, () => order.push('two'));
    await clock.advance(2, async () => void order.push('settled'));
    expect(order).toEqual(['settled', 'one', 'settled', 'two', 'settled']);
  });

  it('gives two messages of one moment different, rising timestamps', () => {
    const clock = new VirtualClock(fail);
    const times = [clock.nowNs(), clock.nowNs(), clock.nowNs()];
    expect(new Set(times).size).toBe(3);
    expect(times).toEqual([...times].sort());
  });
});

describe('durationToMs', () => {
  it.each([
    [1_500, 1_500],
    ['250ms', 250],
    ['31s', 31_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['2h', 7_200_000],
  ] as const)('reads %s', (duration, ms) => {
    expect(durationToMs(duration)).toBe(ms);
  });

  it.each([-1, NaN, Infinity, 's', '5 s', '5d', '-5s'])('refuses %s', (duration) => {
    expect(() => durationToMs(duration as never)).toThrow(/option "duration": expected/);
  });
});

describe('a broker on the real clock', () => {
  it('cannot be advanced', async () => {
    const broker = await startBroker({ clock: 'real' });
    await expect(broker.advance('1s')).rejects.toMatchObject({ code: 'STAN_INVALID_OPTION', option: 'clock' });
  });
});
