import { describe, expect, it } from 'vitest';
import { HistoryWriter } from './history-writer.js';
import { checkHistory } from './nemesis/checker.js';
import type { HandlerRecord } from './nemesis/history.js';
import { consumers } from './nemesis/history.js';

// A history as it should be, and for each thing that the checker looks at one in which it is broken: a checker that finds
// nothing in a run of the nemesis must have been able to find something.

const history = () => new HistoryWriter().published(1).handledByAll(1).published(2).handledByAll(2);

describe('the checker of the nemesis', () => {
  it('finds nothing in a sound history, and counts what is in it', () => {
    expect(history().failures()).toEqual([]);
    const { counts } = checkHistory(history().handled(2, { process: consumers[1] }).records, []);
    expect(counts.publishes).toMatchObject({ tried: 2, resolved: 2, rejected: 0 });
    expect(counts.deliveries).toMatchObject({ handled: 7, events: 2, duplicates: 1, excused: 0 });
  });

  it.each(['group', 'audit'] as const)('finds an event that was acknowledged and not handled (%s)', (missing) => {
    const broken = history().published(3);
    if (missing === 'audit') broken.handled(3).handled(3, { subscription: 'audit' });
    else for (const process of consumers) broken.handled(3, { process, subscription: 'audit' });
    expect(broken.failures()).toEqual(['every publish that resolved is handled by every subscription']);
  });

  it('finds an event whose handler began and never finished', () => {
    const broken = history().published(3).handledByAll(3);
    broken.records.splice(
      broken.records.findLastIndex(({ type }) => type === 'done'),
      1,
    );
    expect(broken.failures()).toEqual(['every publish that resolved is handled by every subscription']);
  });

  it('excuses what went with the state of the server, and not what the server had confirmed before', () => {
    expect(history().published(3).restartedWithoutState().failures()).toEqual([]);
    const confirmed = history().published(3).add({ type: 'drained' }).restartedWithoutState();
    expect(confirmed.failures()).toEqual(['every publish that resolved is handled by every subscription']);
    const after = history().restartedWithoutState().published(3, 'S2');
    expect(after.failures()).toEqual(['every publish that resolved is handled by every subscription']);
  });

  it('excuses nothing after a restart with state', () => {
    const broken = history()
      .published(3)
      .add({ type: 'serverGone' })
      .add({ type: 'server', server: 'S2', state: 'kept' });
    expect(broken.failures()).toEqual(['every publish that resolved is handled by every subscription']);
  });

  it('finds an event that a subscription without a durable has left out, once the server has confirmed that all was sent', () => {
    const name = 'a subscription without a durable skips nothing while its process lives';
    const watched = (writer: HistoryWriter, ...sequences: number[]) => {
      for (const sequence of sequences) writer.handled(1, { subscription: 'watch', sequence });
      return writer.rest(1_000);
    };
    const confirmed = (writer: HistoryWriter) => writer.add({ type: 'drained' }).failures();
    expect(confirmed(watched(history(), 4, 5, 6))).not.toContain(name);
    expect(confirmed(watched(history(), 4, 6))).toContain(name);
    expect(watched(history(), 4, 6).failures()).not.toContain(name);
    const killed = watched(history(), 4, 6).add({
      type: 'exit',
      process: consumers[0],
      incarnation: 1,
      how: 'SIGKILL',
    });
    expect(confirmed(killed)).not.toContain(name);
    const anew = watched(history(), 2).restartedWithoutState().rest(10);
    expect(confirmed(watched(anew, 2))).toContain(name);
  });

  it('finds an event that was denied and delivered all the same', () => {
    const rejected = (mayBeStored: boolean) =>
      history()
        .add({ type: 'publish', id: 3 })
        .add({ type: 'rejected', id: 3, code: 'STAN_PUBLISH_TIMEOUT', mayBeStored })
        .handledByAll(3);
    expect(rejected(true).failures()).toEqual([]);
    expect(rejected(false).failures()).toEqual(['no publish that was rejected as not stored is handled']);
  });

  it('finds an event that nobody has published', () => {
    expect(history().handledByAll(3).failures()).toEqual(['nothing is handled that was not published']);
  });

  it('finds an event that was sent once and stored twice', () => {
    const twice = (attempts: number) =>
      history().published(3, 'S1', attempts).handledByAll(3).handledByAll(3, { sequence: 4 });
    expect(twice(2).failures()).toEqual([]);
    expect(twice(1).failures()).toEqual(['an event that was sent once is stored once']);
  });

  it('finds first deliveries that go back, and lets redeliveries and other stretches go back', () => {
    const backwards = (how: Partial<HandlerRecord>) =>
      history().published(3).published(4).handledByAll(4).handledByAll(3, how);
    expect(backwards({ redelivered: true }).failures()).toEqual([]);
    expect(backwards({ link: 1 }).failures()).toEqual([]);
    expect(backwards({}).failures()).toEqual(['first deliveries come in order']);
  });

  it('finds a process that handles again what it has handled, or runs it twice at a time', () => {
    const name = 'no process handles an event again that it has handled, or runs it twice at a time';
    const sequence = { sequence: 3, storedAt: 9_000, redelivered: true };
    const base = () => history().published(3).handledByAll(3, sequence);
    expect(base().handled(3, sequence).failures()).toEqual([name]);
    const atATime = history().published(3).handled(3, sequence, 'none').handledByAll(3, sequence);
    expect(atATime.failures()).toEqual([name]);
    const afterFailure = history().published(3).handled(3, sequence, 'failed').handledByAll(3, sequence);
    expect(afterFailure.failures()).toEqual([]);
  });

  it('finds an event that comes again to another process without a fault to explain it', () => {
    const name = 'acked is final: what comes twice is explained by a fault';
    const again = { process: consumers[1], sequence: 2, redelivered: true };
    const fault = (target: 'server' | (typeof consumers)[number], kind = 'cut') =>
      history()
        .add({ type: 'fault', kind, targets: [target], until: 4_000 }, 3_000)
        .handled(2, again)
        .failures();
    expect(history().rest(10_000).handled(2, again).failures()).toEqual([name]);
    expect(fault(consumers[0])).toEqual([]);
    expect(fault('server')).toEqual([]);
    expect(fault(consumers[1])).toEqual([name]);
    expect(fault(consumers[0], 'SIGTERM')).toEqual([name]);
    const heldUp = history()
      .rest(60_000)
      .add({ type: 'fault', kind: 'SIGSTOP', targets: [consumers[1]], until: 62_000 }, 61_000)
      .handled(2, again);
    expect(heldUp.failures()).toEqual([]);
  });

  it('finds a process that ended by itself, and a run that did not come to its end', () => {
    const exit = (how: string) =>
      history().add({ type: 'exit', process: consumers[0], incarnation: 1, how }).failures();
    expect(exit('code 0')).toEqual([]);
    expect(exit('SIGKILL')).toEqual([]);
    expect(exit('code 1')).toEqual(['processes end only when and as they are told to']);
    expect(history().failures(['gave up'])).toEqual([
      'the run comes to its end: all handled, all closed, no client left to the server',
    ]);
  });
});
