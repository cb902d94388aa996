import type { Queryable } from '../database/database.js';
import { Books } from './books.js';
import type { DemoEvent } from './books.js';
import type { Demo, Outcome } from './demo.js';
import { DemoDatabase } from './demo-database.js';
import { startDemoServer } from './demo-server.js';
import type { DemoServer } from './demo-server.js';
import { listenByHand } from './listen-by-hand.js';
import { countedByVersion, listenWithLibrary } from './listen-with-library.js';
import { eventOf, listenNaively } from './listen-naively.js';
import type { Listener } from './listen-naively.js';
import { newTickets, publishAll } from './publish.js';
import { until } from './until.js';

const eventCount = 20;
/** The publisher dies after it has published these and before it has noted so: after its restart it publishes again. */
const publishedTwice = 4;
/** So many handlers take longer than the ack wait, once. */
const tooSlow = 3;

/** Issue 3: the same event might arrive twice. */
export const twice: Demo = {
  name: 'twice',
  title: 'the same event twice',
  listeners: {
    naive: {
      text: [
        `${eventCount} payments of 20 are booked. ${publishedTwice} are published again by a publisher that died before it recorded that they were`,
        `stored; ${tooSlow} handlers take a second longer than the ack wait, so the server sends their events to the other`,
        'instance as well. Every duplicate is booked again.',
      ],
      runs: [naive],
    },
    'by hand': {
      text: [
        'The version of the event is stored together with its effect, in one step. A version that is already stored is',
        'acked and ignored, whichever instance receives it.',
      ],
      runs: [byHand],
    },
    'with the library': {
      text: [
        'The naive handler, with the option version: { stream, key, version }. It writes in the same transaction that',
        'records the version; for a version that has already counted it is not called at all.',
      ],
      runs: [withLibrary],
    },
  },
};

/** What the handlers share: the books, and the moment in which some of them get stuck. */
class Payments extends Books {
  private readonly stuck: (() => void)[] = [];
  private readonly slow = new Set<string>();
  /** Runs of the handler. */
  runs = 0;
  /** Deliveries that are over. */
  done = 0;

  /** Has the handlers of these events get stuck, each once. Chosen by event: which handler runs first is anybody's guess. */
  makeSlow(events: readonly DemoEvent[]): void {
    for (const { id } of events) this.slow.add(id);
  }

  /** Returns at once, but for the first run of a slow event: that waits for {@link goOn}. */
  async slowWork({ id }: DemoEvent): Promise<void> {
    this.runs += 1;
    if (this.slow.delete(id)) await new Promise<void>((resolve) => this.stuck.push(resolve));
  }

  goOn(): void {
    for (const resolve of this.stuck) resolve();
  }
}

type Listen = (server: DemoServer, channel: string, index: number) => Promise<Listener>;

async function naive(): Promise<Outcome> {
  const payments = new Payments();
  return run('no versions', payments, (server, channel) =>
    listenNaively({
      server,
      channel,
      queueGroup: 'orders',
      configure: (options) => options.setManualAckMode(true).setAckWait(server.ackWaitMs),
      onMessage: (message) => {
        const event = eventOf<DemoEvent>(message);
        void payments.slowWork(event).then(() => {
          payments.write(event);
          payments.done += 1;
          message.ack();
        });
      },
    }),
  );
}

async function byHand(): Promise<Outcome> {
  const payments = new Payments();
  return run('versions', payments, (server, channel, index) =>
    listenByHand({
      server,
      channel,
      clientId: `orders-${index}`,
      handle: async (event) => {
        await payments.slowWork(event);
        payments.writeNext(event);
        payments.done += 1;
      },
    }),
  );
}

async function withLibrary(): Promise<Outcome> {
  const database = await DemoDatabase.start();
  const payments = new Payments();
  const listen: Listen = (server, channel, index) =>
    listenWithLibrary({
      server,
      channel,
      clientId: `orders-${index}`,
      store: database.store,
      subscription: countedByVersion,
      handle: async (event, context) => {
        await payments.slowWork(event);
        await database.write(context.getTransaction<Queryable>(), event);
      },
      onDone: () => (payments.done += 1),
    });
  try {
    return await run('versions', payments, listen, () => database.readInto(payments));
  } finally {
    await database.close();
  }
}

async function run(
  title: string,
  payments: Payments,
  listen: Listen,
  refresh: () => Promise<void> = () => Promise.resolve(),
): Promise<Outcome> {
  const server = await startDemoServer();
  const channel = server.channel('order:paid');
  const listeners = [await listen(server, channel, 0), await listen(server, channel, 1)];
  try {
    const events = newTickets(eventCount);
    // None of those that are published again: the repetition would wait for the stuck transaction, and this demo for it.
    payments.makeSlow(events.slice(0, tooSlow));
    await publishAll(server, channel, [...events, ...events.slice(-publishedTwice)]);
    const quickCount = eventCount + publishedTwice - tooSlow;
    await until('all but the slow handlers to finish', () => payments.done === quickCount);
    await server.pass(server.ackWaitMs + 1_000);
    payments.goOn();
    await until('the slow handlers to finish', () => payments.done >= quickCount + tooSlow);
    await server.pass(server.ackWaitMs + 1_000);
    // A delivery is over just before its transaction is committed.
    await until('every payment to be written', async () => {
      await refresh();
      return payments.countOf(events) === events.length;
    });
    return {
      title,
      tally: payments.tally(events),
      facts: { 'handler runs': `${payments.runs}`, 'booked, 400 is right': `${payments.sum()}` },
    };
  } finally {
    payments.goOn();
    await Promise.all(listeners.map((listener) => listener.close()));
    await server.close();
  }
}
