import { durableQueue } from 'nestjs-stan';
import { expect, it } from 'vitest';
import { contract, emitAll, listenerFor, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { settled } from '../support/fake-clock.js';
import { latch } from '../support/wait.js';

interface Versioned {
  readonly id: string;
  readonly version: number;
}

const lane = ({ id }: Versioned) => id;

/** Events of all keys in turns, as a channel has them. */
function inTurns(keys: number, versions: number): Versioned[] {
  return upTo(versions).flatMap((version) => upTo(keys).map((key) => ({ id: `k${key}`, version })));
}

/** Runs of handlers per key; notes each that overlaps another one of its key, or is not the next version. */
class Order {
  readonly violations: string[] = [];
  private readonly running = new Set<string>();
  private readonly handled = new Map<string, number>();
  mostAtOnce = 0;

  start({ id, version }: Versioned): void {
    if (this.running.has(id)) this.violations.push(`${id}.${version} ran beside another one`);
    const next = this.handled.get(id) ?? 0;
    if (version !== next) this.violations.push(`${id}.${version} ran instead of ${id}.${next}`);
    this.running.add(id);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.running.size);
  }

  fail({ id }: Versioned): void {
    this.running.delete(id);
  }

  succeed({ id, version }: Versioned): void {
    this.running.delete(id);
    this.handled.set(id, version + 1);
  }

  /** How many events of a key are handled. */
  count(id: string): number {
    return this.handled.get(id) ?? 0;
  }

  total(): number {
    return [...this.handled.values()].reduce((sum, count) => sum + count, 0);
  }
}

contract('lanes', (t) => {
  it('keep the order of 100 keys, 32 at a time, through failures, retries and redeliveries, and leave nothing behind', async () => {
    const subject = fresh('ticket');
    const order = new Order();
    const attempts = new Map<string, number>();
    const options = { lane, concurrency: 32, maxInFlight: 300, ackWaitMs: 1_000, retry: { attempts: 2, delayMs: 5 } };
    const listener = listenerFor(subject, { ...durableQueue(subject), ...options }, async (event: Versioned) => {
      const name = `${event.id}.${event.version}`;
      const attempt = (attempts.get(name) ?? 0) + 1;
      attempts.set(name, attempt);
      order.start(event);
      await settled();
      await settled();
      order.fail(event);
      // One in ten fails: half of them once, which a retry mends, half of them until the server sends them again.
      const place = event.version * 100 + Number(event.id.slice(1));
      if (place % 10 === 3 && attempt <= (place % 20 === 3 ? 1 : 2)) throw new Error('planned failure');
      order.succeed(event);
    });
    const { server } = await t.app({ controllers: [listener] });
    await emitAll(await t.client(), subject, inTurns(100, 8));
    await t.eventually(() => order.total() === 800, { what: '800 events', timeoutMs: 40_000 });
    expect(order.violations).toEqual([]);
    expect(order.mostAtOnce).toBeGreaterThan(8);
    expect(order.mostAtOnce).toBeLessThanOrEqual(32);
    await t.eventually(() => expect(server.load()).toMatchObject([{ running: 0, waiting: 0, lanes: 0 }]));
  });

  it('hold up the events of a key that fails, and no others', async () => {
    const subject = fresh('ticket');
    const order = new Order();
    let isMended = false;
    const options = { lane, ackWaitMs: 1_000 };
    const listener = listenerFor(subject, { ...durableQueue(subject), ...options }, (event: Versioned) => {
      order.start(event);
      order.fail(event);
      if (event.id === 'k0' && event.version === 1 && !isMended) throw new Error('planned failure');
      order.succeed(event);
    });
    const { server } = await t.app({ controllers: [listener] });
    const expired: number[] = [];
    server.on('deliverySkipped', ({ reason, sequence }) => reason === 'expired' && expired.push(sequence));
    await emitAll(await t.client(), subject, inTurns(3, 6));
    await t.eventually(() => order.count('k1') === 6 && order.count('k2') === 6, { what: 'other keys' });
    expect(order.count('k0')).toBe(1);
    expect(server.load()).toMatchObject([{ lanes: 1, waiting: 4 }]);
    isMended = true;
    await t.eventually(() => order.count('k0') === 6, { what: 'the key that failed', timeoutMs: 20_000 });
    expect(order.violations).toEqual([]);
    expect(expired).toEqual([]);
  });

  it('go on behind an event that is dead-lettered, and behind one without a usable key', async () => {
    const subject = fresh('ticket');
    const handled: string[] = [];
    const options = { lane, maxDeliveries: 1, deadLetter: { subject: fresh('dead') } };
    const listener = listenerFor(subject, { ...durableQueue(subject), ...options }, ({ id, version }: Versioned) => {
      if (version === 0) throw new Error('planned failure');
      handled.push(`${id}.${version}`);
    });
    const { server } = await t.app({ controllers: [listener] });
    const letters: unknown[] = [];
    server.on('deadLettered', ({ sequence, error }) => letters.push([sequence, (error as Error).name]));
    const events = [
      { id: 'a', version: 0 },
      { id: '', version: 1 },
      { id: 'a', version: 1 },
    ];
    await emitAll(await t.client(), subject, events);
    await t.eventually(() => handled.length === 1 && letters.length === 2);
    expect(handled).toEqual(['a.1']);
    expect(letters.sort()).toEqual([
      [1, 'Error'],
      [2, 'UnusableKeyError'],
    ]);
  });

  it('keep their order when the server is restarted while an event runs', async () => {
    const subject = fresh('ticket');
    const order = new Order();
    const [isRunning, mayEnd] = [latch(), latch()];
    const listener = listenerFor(
      subject,
      { ...durableQueue(subject), lane, ackWaitMs: 1_000 },
      async (event: Versioned) => {
        order.start(event);
        isRunning.open();
        await mayEnd.promise;
        order.succeed(event);
      },
    );
    const { server } = await t.app({ controllers: [listener] });
    const client = await t.client();
    await emitAll(client, subject, inTurns(2, 5));
    await isRunning.wait();
    await t.broker.restart();
    await client.emitAsync(subject, { id: 'k0', version: 5 });
    mayEnd.open();
    await t.eventually(() => order.total() === 11, { what: '11 events', timeoutMs: 30_000 });
    expect(order.violations).toEqual([]);
    await t.eventually(() => expect(server.load()).toMatchObject([{ lanes: 0, waiting: 0 }]));
  });
});
