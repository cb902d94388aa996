import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../../sample-app/database/database.js';
import type { EventPublisher } from '../../../sample-app/messaging/event-publisher.js';
import { OutboxRelay } from '../../../sample-app/messaging/outbox-relay.js';
import { Outbox } from '../../../sample-app/messaging/outbox.js';
import type { VersionedEvent } from '../../../sample-app/shared/versioned-event.js';
import { eventually, latch, nextTurn } from '../../support/wait.js';
import { usePostgres } from './database.js';

type Publish = (event: VersionedEvent) => Promise<void>;

describe('the outbox', () => {
  const postgres = usePostgres();
  let database: Database;
  const outbox = new Outbox();

  beforeEach(async () => {
    database = await postgres.emptyDatabase('');
  });

  const add = (id: string, version: number) =>
    database.transaction((transaction) => {
      const event = { id, version, title: 'concert', price: 20, orderId: null };
      return outbox.add(transaction, 'ticket:updated', event);
    });
  const relayThat = (publish: Publish) => {
    const publisher: EventPublisher = { publish: (_subject, event) => publish(event) };
    return new OutboxRelay(database, publisher);
  };
  const waiting = async () => (await database.query('SELECT id FROM outbox')).rowCount;

  it('holds nothing of a transaction that failed', async () => {
    const failing = database.transaction(async (transaction) => {
      await outbox.add(transaction, 'ticket:created', { id: randomUUID(), version: 0, title: 'x', price: 1 });
      throw new Error('too late');
    });
    await expect(failing).rejects.toThrow('too late');
    expect(await waiting()).toBe(0);
  });

  it('is published in the order in which the events of one ticket were written, and empty then', async () => {
    const [one, two] = [randomUUID(), randomUUID()];
    for (const version of [0, 1, 2]) await Promise.all([add(one, version), add(two, version)]);
    const published: VersionedEvent[] = [];
    await relayThat(async (event) => void published.push(event)).relayOnce();
    const versionsOf = (id: string) => published.filter((event) => event.id === id).map((event) => event.version);
    expect([versionsOf(one), versionsOf(two)]).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ]);
    expect(await waiting()).toBe(0);
  });

  it('keeps an event whose publish failed, and the later ones of that ticket; other tickets go on', async () => {
    const [bad, good] = [randomUUID(), randomUUID()];
    for (const version of [0, 1]) await Promise.all([add(bad, version), add(good, version)]);
    const published: string[] = [];
    const relay = relayThat(async ({ id, version }) => {
      if (id === bad && version === 0) throw new Error('no server');
      published.push(`${id} ${version}`);
    });
    expect(await relay.relayOnce()).toBe(2);
    expect(published).toEqual([`${good} 0`, `${good} 1`]);
    expect(await waiting()).toBe(2);
  });

  it('leaves a ticket to the instance that is busy with it, and does the others meanwhile', async () => {
    const [busy, free] = [randomUUID(), randomUUID()];
    await add(busy, 0);
    const [started, goOn] = [latch(), latch()];
    const first = relayThat(async () => {
      started.open();
      await goOn.promise;
    }).relayOnce();
    await started.wait();
    await add(busy, 1);
    await add(free, 0);

    const seen: string[] = [];
    const second = relayThat(async ({ id, version }) => void seen.push(`${id} ${version}`));
    await second.relayOnce();
    expect(seen).toEqual([`${free} 0`]);

    goOn.open();
    await first;
    await second.relayOnce();
    expect(seen).toEqual([`${free} 0`, `${busy} 1`]);
  });

  it('keeps the order of each ticket when three instances relay at once while events are written', async () => {
    const ids = Array.from({ length: 5 }, () => randomUUID());
    const published = new Map<string, number[]>(ids.map((id) => [id, []]));
    const relays = [1, 2, 3].map(() =>
      relayThat(async ({ id, version }) => {
        await nextTurn();
        published.get(id)!.push(version);
      }),
    );
    for (const relay of relays) relay.onApplicationBootstrap();
    for (let version = 0; version < 20; version += 1) {
      await Promise.all(ids.map((id) => add(id, version)));
      relays[version % 3]!.kick();
    }
    await eventually(async () => (await waiting()) === 0, { what: 'the outbox to be empty' });
    await Promise.all(relays.map((relay) => relay.onModuleDestroy()));
    const inOrder = Array.from({ length: 20 }, (_, version) => version);
    expect([...published.values()]).toEqual(ids.map(() => inOrder));
  });

  it('publishes an event again when the process dies between publishing it and forgetting it', async () => {
    const id = randomUUID();
    await add(id, 0);
    const dies = database.transaction(async (transaction) => {
      await transaction.query('SELECT id FROM outbox FOR UPDATE');
      throw new Error('killed');
    });
    await expect(dies).rejects.toThrow('killed');
    const published: number[] = [];
    await relayThat(async ({ version }) => void published.push(version)).relayOnce();
    expect(published).toEqual([0]);
  });
});
