import { Books } from './books.js';
import type { DemoEvent } from './books.js';
import type { Demo, Outcome } from './demo.js';
import { startDemoServer } from './demo-server.js';
import type { DemoServer } from './demo-server.js';
import { listenByHand } from './listen-by-hand.js';
import { eventOf, listenNaively } from './listen-naively.js';
import type { Listener } from './listen-naively.js';
import { listenWithLibrary } from './listen-with-library.js';
import { newTickets, publishAll } from './publish.js';
import { until } from './until.js';

const eventCount = 30;

/** A database that is away for a moment: the first try to save every third ticket fails. */
class UnreliableBooks extends Books {
  private readonly tried = new Set<string>();
  failures = 0;
  tries = 0;

  async save(event: DemoEvent): Promise<void> {
    this.tries += 1;
    const isFirstTry = !this.tried.has(event.id);
    this.tried.add(event.id);
    if (isFirstTry && this.tried.size % 3 === 0) {
      this.failures += 1;
      throw new Error('the database is away');
    }
    this.write(event);
  }
}

/** Issue 4: a listener can fail to process an event. */
export const failing: Demo = {
  name: 'failing',
  title: 'a handler that fails',
  listeners: {
    naive: {
      text: [
        'By default node-nats-streaming acks an event as soon as it has called the listener. When the listener',
        'then fails to save it, the server counts the event as done and never sends it again.',
      ],
      runs: [naive],
    },
    'by hand': {
      text: [
        'setManualAckMode(true), and message.ack() after the work. A failed event stays unacked and is redelivered.',
        'Every listener has to get this right on every code path.',
      ],
      runs: [byHand],
    },
    'with the library': {
      text: [
        'An event is acked when its handler has finished (ackMode afterHandler, the default), but not if it threw.',
      ],
      runs: [withLibrary],
    },
  },
};

async function naive(): Promise<Outcome> {
  return run('auto-ack', false, (server, channel, books) =>
    listenNaively({
      server,
      channel,
      queueGroup: 'orders',
      onMessage: (message) => {
        // It is logged, and that is all that will ever be known of it.
        books.save(eventOf<DemoEvent>(message)).catch(() => undefined);
      },
    }),
  );
}

async function byHand(): Promise<Outcome> {
  return run('manual ack', true, (server, channel, books) =>
    listenByHand({ server, channel, clientId: 'orders-0', handle: (event) => books.save(event) }),
  );
}

async function withLibrary(): Promise<Outcome> {
  return run('after handler', true, (server, channel, books) =>
    listenWithLibrary({ server, channel, clientId: 'orders-0', handle: (event) => books.save(event) }),
  );
}

async function run(
  title: string,
  comesAgain: boolean,
  listen: (server: DemoServer, channel: string, books: UnreliableBooks) => Promise<Listener>,
): Promise<Outcome> {
  const server = await startDemoServer();
  const channel = server.channel('ticket:created');
  const books = new UnreliableBooks();
  const listener = await listen(server, channel, books);
  try {
    const events = newTickets(eventCount);
    await publishAll(server, channel, events);
    await until('every event to be tried once', () => books.tries >= eventCount);
    // What is not acked comes again now; what is acked does not, however long one waits.
    await server.pass(server.ackWaitMs + 1_000);
    if (comesAgain) await until('the failed events to come again', () => books.countOf(events) === eventCount);
    return {
      title,
      tally: books.tally(events),
      facts: { 'handler failed': `${books.failures}`, 'tried again': `${books.tries - eventCount}` },
    };
  } finally {
    await listener.close();
    await server.close();
  }
}
