import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LmdbStore } from '../../../../lib/broker/store/lmdb/lmdb-store.js';
import { MemoryStore } from '../../../../lib/broker/store/memory-store.js';
import type { ChannelStore, ClientRecord, Store, SubscriptionRecord } from '../../../../lib/broker/store/store.js';
import { cleanUpAfterTest } from '../../../support/cleanup.js';

/** What a restart of the broker does to its store: the same object for memory, a new one on the same files. */
interface StoreUnderTest {
  open(): Store;
}

const stores: readonly { name: string; make: () => StoreUnderTest }[] = [
  {
    name: 'memory store',
    make: () => {
      const store = new MemoryStore();
      return { open: () => store };
    },
  },
  {
    name: 'lmdb store',
    make: () => {
      const directory = mkdtempSync(join(tmpdir(), 'nestjs-stan-store-'));
      cleanUpAfterTest(() => rmSync(directory, { recursive: true, force: true }));
      return { open: () => new LmdbStore({ directory }) };
    },
  },
];

const subscription = (id: number, lastSent = 0): SubscriptionRecord => ({
  id,
  clientId: 'me',
  queueGroup: '',
  inbox: '_INBOX.me',
  ackInbox: '_INBOX.ack',
  maxInFlight: 10,
  ackWaitSecs: 30,
  durableName: 'durable',
  lastSent,
  isDurable: true,
  isClosed: false,
});

const client = (clientId: string): ClientRecord => ({
  clientId,
  heartbeatInbox: `hb.${clientId}`,
  connectionId: Buffer.from([0, 255, 7]),
  protocol: 1,
  pingIntervalSecs: 5,
  pingMaxOut: 3,
});

describe.each(stores)('$name', ({ make }) => {
  it('holds nothing before its first start', async () => {
    const store = make().open();
    expect(await store.open()).toBeUndefined();
    await store.close();
  });

  it('shows a message before and after the flush, and after a restart', async () => {
    const place = make();
    const store = await opened(place);
    const { messages } = store.createChannel('orders');
    messages.append(1, 5n, Buffer.from('one'));
    expect(read(messages, 1)).toBe('one');
    await store.flush();
    expect(read(messages, 1)).toBe('one');
    expect(messages.timestampOf(1)).toBe(5n);
    await store.close();

    const again = (await place.open().open())?.channels[0]?.store.messages;
    expect(again && read(again, 1)).toBe('one');
    expect(again?.timestampOf(1)).toBe(5n);
  });

  it('keeps its own copy of what was appended', async () => {
    const store = await opened(make());
    const { messages } = store.createChannel('orders');
    const bytes = Buffer.from('mine');
    messages.append(1, 0n, bytes);
    bytes.fill(0);
    expect(read(messages, 1)).toBe('mine');
    await store.flush();
    expect(read(messages, 1)).toBe('mine');
    await store.close();
  });

  it('goes on numbering after every message was removed and the store was opened again', async () => {
    const place = make();
    const store = await opened(place);
    const { messages } = store.createChannel('orders');
    for (const sequence of [1, 2, 3]) messages.append(sequence, 0n, Buffer.from('x'));
    await store.flush();
    messages.removeThrough(3);
    expect([messages.firstSequence, messages.lastSequence, messages.count, messages.bytes]).toEqual([4, 3, 0, 0]);
    await store.close();

    const again = (await place.open().open())?.channels[0]?.store.messages;
    expect([again?.firstSequence, again?.lastSequence, again?.count]).toEqual([4, 3, 0]);
  });

  it('gives clients back as they were put', async () => {
    const place = make();
    const store = await opened(place);
    store.putClient(client('a'));
    store.putClient(client('b'));
    await store.flush();
    store.deleteClient('a');
    await store.close();
    const clients = (await place.open().open())?.clients.map((one) => ({
      ...one,
      connectionId: [...one.connectionId],
    }));
    expect(clients).toEqual([{ ...client('b'), connectionId: [0, 255, 7] }]);
  });

  it('begins a channel anew when its name is used again after a delete', async () => {
    const place = make();
    const store = await opened(place);
    const first = store.createChannel('orders');
    first.messages.append(1, 0n, Buffer.from('old'));
    first.subscriptions.create(subscription(1));
    first.subscriptions.addPending(1, 1);
    await store.flush();
    store.deleteChannel('orders');
    const second = store.createChannel('orders');
    expect([second.messages.firstSequence, second.messages.lastSequence]).toEqual([0, 0]);
    expect(second.messages.get(1)).toBeUndefined();
    second.messages.append(1, 0n, Buffer.from('new'));
    await store.close();

    const [channel] = (await place.open().open())?.channels ?? [];
    expect(channel && read(channel.store.messages, 1)).toBe('new');
    expect(channel?.subscriptions).toEqual([]);
  });

  it('forgets everything when it is cleared', async () => {
    const place = make();
    const store = await opened(place);
    store.createChannel('orders');
    await store.close();
    await store.clear();
    expect(await place.open().open()).toBeUndefined();
  });

  it('can be closed twice', async () => {
    const store = await opened(make());
    await store.close();
    await expect(store.close()).resolves.toBeUndefined();
  });

  it(
    'recovers what a model of it holds, for any order of writes, flushes and restarts',
    { timeout: 60_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyOperation, { maxLength: 60 }), (script) => matchesModel(make(), script)),
        {
          numRuns: 60,
        },
      );
    },
  );
});

async function opened(place: StoreUnderTest): Promise<Store> {
  const store = place.open();
  await store.open();
  store.saveServer({ clusterId: 'test-cluster' });
  return store;
}

function read(messages: ChannelStore['messages'], sequence: number): string | undefined {
  const bytes = messages.get(sequence);
  return bytes && Buffer.from(bytes).toString('utf8');
}

const anyOperation = fc.oneof(
  { weight: 8, arbitrary: fc.record({ op: fc.constant('append' as const), size: fc.integer({ min: 0, max: 50 }) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('remove' as const), count: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('create' as const), id: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('update' as const), id: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('delete' as const), id: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constantFrom('send' as const, 'ack' as const),
      id: fc.integer({ min: 1, max: 3 }),
      back: fc.integer({ min: 0, max: 6 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('flush' as const), wait: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('restart' as const) }) },
);
type Operation = typeof anyOperation extends fc.Arbitrary<infer T> ? T : never;

interface ModelSubscription {
  record: SubscriptionRecord;
  lastSent: number;
  pending: Set<number>;
}

/** Plays a script on a store and on a few plain maps, and compares the two after each restart. */
async function matchesModel(place: StoreUnderTest, script: readonly Operation[]): Promise<void> {
  const texts: string[] = [];
  let removed = 0;
  const subscriptions = new Map<number, ModelSubscription>();
  let store = await opened(place);
  let channel = store.createChannel('orders');

  const compare = async () => {
    await store.close();
    store = place.open();
    const state = await store.open();
    const found = state?.channels[0];
    if (!found) throw new Error('the channel is gone');
    channel = found.store;
    expect(channel.messages.count).toBe(texts.length - removed);
    expect(channel.messages.lastSequence).toBe(texts.length);
    expect(channel.messages.bytes).toBe(texts.slice(removed).join('').length);
    texts.forEach((text, index) => expect(read(channel.messages, index + 1)).toBe(index < removed ? undefined : text));
    const expected = [...subscriptions.values()].map(({ record, lastSent, pending }) => ({
      record: { ...record, lastSent },
      pending: [...pending].sort((left, right) => left - right),
    }));
    const byId = (left: { record: SubscriptionRecord }, right: { record: SubscriptionRecord }) =>
      left.record.id - right.record.id;
    expect([...found.subscriptions].sort(byId)).toEqual(expected.sort(byId));
  };

  for (const step of script) {
    const held = 'id' in step ? subscriptions.get(step.id) : undefined;
    switch (step.op) {
      case 'append':
        texts.push('x'.repeat(step.size));
        channel.messages.append(texts.length, BigInt(texts.length), Buffer.from(texts[texts.length - 1] ?? ''));
        break;
      case 'remove':
        removed = Math.min(texts.length, removed + step.count);
        channel.messages.removeThrough(removed);
        break;
      case 'create':
        if (held) break;
        channel.subscriptions.create(subscription(step.id));
        subscriptions.set(step.id, { record: subscription(step.id), lastSent: 0, pending: new Set() });
        break;
      case 'update':
        channel.subscriptions.update({ ...subscription(step.id), isClosed: true });
        if (held) held.record = { ...subscription(step.id), isClosed: true };
        break;
      case 'delete':
        channel.subscriptions.delete(step.id);
        subscriptions.delete(step.id);
        break;
      case 'send':
      case 'ack': {
        const sequence = texts.length - step.back;
        if (sequence < 1) break;
        if (step.op === 'send') channel.subscriptions.addPending(step.id, sequence);
        else channel.subscriptions.ackPending(step.id, sequence);
        if (!held) break;
        held.lastSent = Math.max(held.lastSent, sequence);
        if (step.op === 'send') held.pending.add(sequence);
        else held.pending.delete(sequence);
        break;
      }
      case 'flush': {
        const flushed = store.flush();
        if (step.wait) await flushed;
        else flushed?.catch((error: unknown) => expect.unreachable(String(error)));
        break;
      }
      case 'restart':
        await compare();
        break;
    }
  }
  await compare();
  await store.close();
}
