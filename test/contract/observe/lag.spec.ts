import type { Message, Stan, Subscription } from 'node-nats-streaming';
import { connect } from 'node-nats-streaming';
import { describe, expect, it } from 'vitest';
import { MonitoringError, StanLag, StanMonitoring, durableQueue } from '../../../lib/index.js';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import type { Contract } from '../../support/contract.js';
import { contract, emitAll, listenerFor, upTo } from '../../support/contract.js';
import { fresh } from '../../support/fresh.js';
import { seededRandom } from '../../faults/nemesis/random.js';

const states = 200;

contract(
  'lag',
  (t) => {
    const lagHere = () => new StanLag({ monitoring: new StanMonitoring({ url: t.broker.monitoringUrl }), cacheMs: 0 });

    it(`O6 equals a reader's own count in ${states} random states`, async () => {
      const seed = Number(process.env['LAG_SEED'] ?? Math.floor(Math.random() * 1e9));
      const random = seededRandom(seed);
      const reader = await readerOf(t, random);
      const lag = lagHere();
      for (let state = 1; state <= states; state += 1) {
        const move = await reader.move();
        // What the server sends because of a move is still on its way after it.
        const said = await t.eventually(
          async () => {
            const found = await lag.of(reader.subject, { queueGroup: 'orders', durableName: 'orders' });
            const own = reader.count();
            return found?.total === own.total && found.unacked === own.unacked && found;
          },
          { what: `state ${state} of seed ${seed}, after: ${move}`, timeoutMs: 10_000 },
        );
        expect(said).toMatchObject({ members: reader.members, isOffline: reader.members === 0, lost: 0 });
      }
      process.stdout.write(`${t.name}: ${states} of ${states} states equal, seed ${seed}\n`);
    });

    it('counts a group as a whole, and what a handler holds as not done', async () => {
      const subject = fresh('ticket');
      const listener = listenerFor(
        subject,
        { ...durableQueue('orders'), maxInFlight: 3 },
        () => new Promise(() => undefined),
      );
      const options = { server: { drainTimeoutMs: 100 }, controllers: [listener] };
      const apps = [await t.app(options), await t.app(options)];
      await emitAll(await t.client(), subject, upTo(10));
      const who = { queueGroup: 'orders', durableName: 'orders' };
      const lag = await t.eventually(async () => {
        const found = await lagHere().of(subject, who);
        return found?.unacked === 6 && found;
      });
      expect(lag).toEqual({ subject, ...who, members: 2, isOffline: false, behind: 4, unacked: 6, total: 10, lost: 0 });
      await Promise.all(apps.map((app) => app.close()));
      expect(await lagHere().of(subject, who)).toMatchObject({ members: 0, isOffline: true, total: 10 });
    });

    it('tells durables of several clients apart, plain subscriptions too, and does not know a wrong name', async () => {
      const subject = fresh('ticket');
      const ids = [fresh('a'), fresh('b')];
      for (const clientId of ids) {
        const durable = listenerFor(subject, { durableName: 'audit', startAt: 'first' }, () => undefined);
        const plain = listenerFor(subject, { startAt: 'first' }, () => undefined);
        await t.app({ controllers: [durable, plain], server: { clientId } });
      }
      await (await t.client()).emitAsync(subject, 1);
      await t.eventually(async () => (await t.broker.facts.pendingCount(subject)) === 0);
      const lag = lagHere();
      const [clientId] = ids;
      expect(await lag.of(subject, { durableName: 'audit', clientId })).toMatchObject({
        clientId,
        durableName: 'audit',
        total: 0,
      });
      expect(await lag.of(subject, { clientId })).toMatchObject({ clientId, total: 0 });
      expect(await lag.of(subject, { durableName: 'audit' })).toMatchObject({ durableName: 'audit' });
      expect(await lag.of(subject, { durableName: 'adit' })).toBeUndefined();
      expect(await lag.of(fresh('nobody'), { durableName: 'audit' })).toBeUndefined();
      const all = [];
      for await (const one of lag.all()) if (one.subject === subject) all.push(one);
      expect(all).toHaveLength(4);
    });

    describe('the requests', () => {
      it('are shared by all who ask about a subject within cacheMs', async () => {
        const subject = fresh('ticket');
        let asked = 0;
        const monitoring = new StanMonitoring({ url: t.broker.monitoringUrl });
        const channelz = monitoring.channelz.bind(monitoring);
        monitoring.channelz = (...args) => ((asked += 1), channelz(...args));
        const lag = new StanLag({ monitoring, cacheMs: 60_000 });
        await Promise.all([lag.of(subject, { durableName: 'a' }), lag.of(subject, { durableName: 'b' })]);
        await lag.of(subject, { durableName: 'c' });
        expect(asked).toBe(1);
        await lag.of(fresh('other'), { durableName: 'a' });
        expect(asked).toBe(2);
      });

      it('fail with a MonitoringError, and are made again by the next to ask', async () => {
        const lag = new StanLag({ monitoring: new StanMonitoring({ url: 'http://127.0.0.1:1' }) });
        await expect(lag.of('a', { durableName: 'a' })).rejects.toThrow(MonitoringError);
        await expect(lag.of('a', { durableName: 'a' })).rejects.toThrow(MonitoringError);
      });
    });
  },
  { needs: ['stanMonitoring'] },
);

contract(
  'lag where the channel is full',
  (t) => {
    it('counts only what can still come, and tells what was dropped before it was sent', async () => {
      const subject = fresh('ticket');
      const options = { ...durableQueue('orders') };
      const app = await t.app({ controllers: [listenerFor(subject, options, () => undefined)] });
      const client = await t.client();
      await client.emitAsync(subject, 0);
      await t.eventually(async () => (await t.broker.facts.pendingCount(subject)) === 0);
      await app.close();
      await emitAll(client, subject, upTo(40));
      const lag = new StanLag({ monitoring: new StanMonitoring({ url: t.broker.monitoringUrl }), cacheMs: 0 });
      expect(await lag.of(subject, { queueGroup: 'orders', durableName: 'orders' })).toMatchObject({
        total: 20,
        lost: 20,
      });
    });
  },
  { maxMessages: 20, needs: ['stanMonitoring'] },
);

interface Member {
  readonly stan: Stan;
  readonly subscription: Subscription;
  readonly held: Map<number, Message>;
}

/** A durable queue group of up to two raw clients that ack when told to, and what it knows of itself. */
async function readerOf(t: Contract, random: () => number) {
  const subject = fresh('ticket');
  const publisher = await t.rawClient();
  const members: Member[] = [];
  const delivered = new Set<number>();
  const acked = new Set<number>();
  let published = 0;

  const join = async (): Promise<void> => {
    const stan = connect(t.broker.clusterId, fresh('member'), { url: t.broker.url, reconnect: false });
    stan.on('error', () => undefined);
    await new Promise<void>((resolve) => void stan.once('connect', () => resolve()));
    cleanUpAfterTest(() => closed(stan, 'close'));
    const options = stan.subscriptionOptions().setDurableName('orders').setDeliverAllAvailable();
    options.setManualAckMode(true).setMaxInFlight(4).setAckWait(600_000);
    const subscription = stan.subscribe(subject, 'orders', options);
    const held = new Map<number, Message>();
    subscription.on('message', (message: Message) => {
      delivered.add(message.getSequence());
      held.set(message.getSequence(), message);
    });
    await new Promise<void>((resolve) => void subscription.once('ready', () => resolve()));
    members.push({ stan, subscription, held });
  };
  const leave = async ({ subscription }: Member): Promise<void> => {
    await closed(subscription, 'closed');
  };
  const ackSome = ({ held }: Member): void => {
    for (const [sequence, message] of held) {
      if (random() < 0.5) continue;
      message.ack();
      acked.add(sequence);
      held.delete(sequence);
    }
  };

  await join();
  return {
    subject,
    get members() {
      return members.length;
    },
    /** Its own count of what is still to be handled. */
    count: () => ({ unacked: delivered.size - acked.size, total: published - acked.size }),
    /** One step to another state; says which. */
    async move(): Promise<string> {
      const dice = random();
      const member = members[Math.floor(random() * members.length)];
      if (dice < 0.35) {
        const count = 1 + Math.floor(random() * 5);
        await Promise.all(upTo(count).map(() => publisher.publish(subject, 'x')));
        published += count;
        return `${count} published`;
      }
      if (dice < 0.75 && member !== undefined) {
        ackSome(member);
        return 'acks';
      }
      if (dice < 0.85 && member !== undefined) {
        members.splice(members.indexOf(member), 1);
        await leave(member);
        return 'a member left';
      }
      if (members.length < 2) await join();
      return 'a member joined';
    },
  };
}

/** Closes a client or a subscription and waits for the event that says it is. */
function closed(one: Stan | Subscription, event: string): Promise<void> {
  return new Promise((resolve) => {
    one.once(event, () => resolve());
    one.close();
  });
}
