import type { Store } from 'nestjs-stan/broker';
import { MemoryStore } from 'nestjs-stan/broker';
import { describe, expect, it } from 'vitest';

import { eventually, latch } from '../../../support/wait.js';
import { StanPeer } from '../support/stan-peer.js';
import { startBroker } from '../support/test-broker.js';

/** A store whose flushes wait until the test lets them go. */
class SlowStore extends MemoryStore implements Store {
  pending: { done: () => void; fail: (error: Error) => void }[] = [];
  isSlow = false;

  override flush(): undefined {
    if (!this.isSlow) return undefined;
    const flushed = new Promise<void>((resolve, reject) => this.pending.push({ done: resolve, fail: reject }));
    return flushed as unknown as undefined;
  }
}

describe('a publish', () => {
  it('is neither acknowledged nor delivered before it is stored for good', async () => {
    const store = new SlowStore();
    const broker = await startBroker({ store });
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x');
    store.isSlow = true;
    const acked = latch<string>();
    void peer.publish('x').then((error) => acked.open(error));
    await eventually(() => store.pending.length === 1, { intervalMs: 1 });
    await peer.nats.flush();
    expect([acked.isOpen(), subscription.sequences]).toEqual([false, []]);
    store.pending[0]!.done();
    expect(await acked.wait()).toBe('');
    expect(subscription.sequences).toEqual([1]);
  });

  it('is refused when its flush fails, and so is all that follows', async () => {
    const store = new SlowStore();
    const broker = await startBroker({ store });
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x');
    store.isSlow = true;
    const first = peer.publish('x');
    await eventually(() => store.pending.length === 1, { intervalMs: 1 });
    store.pending[0]!.fail(new Error('disk full'));
    expect(await first).toBe('disk full');
    expect(await peer.publish('x')).toBe('disk full');
    expect((await peer.subscribe('x')).error).toBe('disk full');
    expect(subscription.sequences).toEqual([]);
  });

  it('is answered in the order of its sending, although a later flush ends first', async () => {
    const store = new SlowStore();
    const broker = await startBroker({ store });
    const peer = await StanPeer.connected('a', broker);
    store.isSlow = true;
    const order: string[] = [];
    const publish = async (name: string, flushes: number): Promise<void> => {
      void peer.publish('x').then(() => order.push(name));
      await eventually(() => store.pending.length === flushes, { intervalMs: 1 });
    };
    await publish('one', 1);
    await publish('two', 2);
    store.pending[1]!.done();
    await peer.nats.flush();
    expect(order).toEqual([]);
    store.pending[0]!.done();
    await eventually(() => order.length === 2, { intervalMs: 1 });
    expect(order).toEqual(['one', 'two']);
  });
});
