import { Books } from './books.js';
import type { DemoEvent } from './books.js';
import type { Demo, Variant } from './demo.js';
import { startDemoServer } from './demo-server.js';
import type { DemoServer } from './demo-server.js';
import { listenGuarded } from './listen-guarded.js';
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
  harm: [
    `${eventCount} payments of 20 are booked. ${publishedTwice} are published again by a publisher that died before it had noted that they were`,
    `stored; ${tooSlow} handlers take a second longer than the ack wait, so the server gives their events to the other`,
    'instance as well. Every repetition is booked again.',
  ],
  cure: [
    'The version of the event is stored together with its effect, in one step. A version that is there already',
    'is acked and ignored, whichever instance it comes to.',
  ],
  naive: [naive],
  guarded: [guarded],
};

/** What the handlers share: the database, and the moment in which some of them get stuck. */
class Payments extends Books {
  readonly #stuck: (() => void)[] = [];
  handled = 0;

  get stuckCount(): number {
    return this.#stuck.length;
  }

  /** Returns at once, but for the first few events: these wait for {@link goOn}. */
  async slowWork(): Promise<void> {
    if (this.#stuck.length < tooSlow) await new Promise<void>((resolve) => this.#stuck.push(resolve));
  }

  goOn(): void {
    for (const resolve of this.#stuck) resolve();
  }
}

async function naive(): Promise<Variant> {
  return runVariant({ title: 'naive', guarded: false }, (server, channel, payments) =>
    listenNaively({
      server,
      channel,
      queueGroup: 'orders',
      configure: (options) => options.setManualAckMode(true).setAckWait(server.ackWaitMs),
      onMessage: (message) => {
        void payments.slowWork().then(() => {
          payments.write(eventOf<DemoEvent>(message));
          payments.handled += 1;
          message.ack();
        });
      },
    }),
  );
}

async function guarded(): Promise<Variant> {
  return runVariant({ title: 'versions', guarded: true }, (server, channel, payments, index) =>
    listenGuarded({
      server,
      channel,
      clientId: `orders-${index}`,
      handle: async (event) => {
        await payments.slowWork();
        const received = payments.writeNext(event);
        payments.handled += 1;
        return received;
      },
    }),
  );
}

async function runVariant(
  variant: Pick<Variant, 'title' | 'guarded'>,
  listen: (server: DemoServer, channel: string, payments: Payments, index: number) => Promise<Listener>,
): Promise<Variant> {
  const server = await startDemoServer();
  const channel = server.channel('order:paid');
  const payments = new Payments();
  const listeners = [await listen(server, channel, payments, 0), await listen(server, channel, payments, 1)];
  try {
    const events = newTickets(eventCount);
    await publishAll(server, channel, [...events, ...events.slice(-publishedTwice)]);
    const quickCount = eventCount + publishedTwice - tooSlow;
    await until('all but the slow handlers to finish', () => payments.handled === quickCount);
    await server.pass(server.ackWaitMs + 1_000);
    payments.goOn();
    await until('the slow handlers to finish', () => payments.handled >= quickCount + tooSlow);
    await server.pass(server.ackWaitMs + 1_000);
    return {
      ...variant,
      tally: payments.tally(events),
      facts: { 'handler runs': `${payments.handled}`, 'booked, 400 is right': `${payments.sum()}` },
    };
  } finally {
    await Promise.all(listeners.map((listener) => listener.close()));
    await server.close();
  }
}
