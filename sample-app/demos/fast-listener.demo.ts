import { setTimeout as sleep } from 'node:timers/promises';
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
import { publishAll } from './publish.js';
import { until } from './until.js';

// An odd number, so that the tickets do not fall into two halves, one per instance.
const ticketCount = 5;
const versionCount = 12;
/** How long the slow instance works on one event; the fast one has no work at all. */
const slowMs = 30;

/** Issue 2: one listener might run more quickly than another. */
export const fastListener: Demo = {
  name: 'fast-listener',
  title: 'one listener is faster than another',
  listeners: {
    naive: {
      text: [
        `Two instances share the updates of ${ticketCount} tickets. One takes ${slowMs} ms longer for each event, so it writes`,
        'last what it got first: an old price overwrites a newer one, and nobody notices.',
      ],
      runs: [naive],
    },
    'by hand': {
      text: [
        'Every event carries the version of its ticket. A listener writes it if it is the next version; an early one it',
        'keeps in memory, unacked, and retries until the version before it has been written.',
      ],
      runs: [byHand],
    },
    'with the library': {
      text: [
        'The naive handler, with the option version: { stream, key, version }. An early event is stored in the database',
        'and acked; the instance that counts the version before it runs it next.',
      ],
      runs: [withLibrary],
    },
  },
};

type Listen = (server: DemoServer, channel: string, workMs: number) => Promise<Listener>;

async function naive(): Promise<Outcome> {
  const books = new Books();
  return run('no versions', books, (server, channel, workMs) =>
    listenNaively({
      server,
      channel,
      queueGroup: 'orders',
      configure: (options) => options.setManualAckMode(true),
      onMessage: (message) => {
        void work(workMs).then(() => {
          books.write(eventOf<DemoEvent>(message));
          message.ack();
        });
      },
    }),
  );
}

async function byHand(): Promise<Outcome> {
  const books = new Books();
  return run('versions', books, (server, channel, workMs) =>
    listenByHand({
      server,
      channel,
      clientId: clientIdOf(workMs),
      handle: async (event) => {
        await work(workMs);
        books.writeNext(event);
      },
    }),
  );
}

async function withLibrary(): Promise<Outcome> {
  const database = await DemoDatabase.start();
  const books = new Books();
  const listen: Listen = (server, channel, workMs) =>
    listenWithLibrary({
      server,
      channel,
      clientId: clientIdOf(workMs),
      store: database.store,
      subscription: countedByVersion,
      handle: async (event, context) => {
        await work(workMs);
        await database.write(context.getTransaction<Queryable>(), event);
      },
    });
  try {
    return await run('versions', books, listen, () => database.readInto(books));
  } finally {
    await database.close();
  }
}

async function run(
  title: string,
  books: Books,
  listen: Listen,
  refresh: () => Promise<void> = () => Promise.resolve(),
): Promise<Outcome> {
  const server = await startDemoServer();
  const channel = server.channel('ticket:updated');
  const listeners = [await listen(server, channel, 0), await listen(server, channel, slowMs)];
  try {
    const events = updates();
    await publishAll(server, channel, events);
    await until('every update to be written', async () => {
      await refresh();
      return books.countOf(events) === events.length;
    });
    return { title, tally: books.tally(events), facts: { 'wrong price in the end': `${wrongPrices(books)}` } };
  } finally {
    await Promise.all(listeners.map((listener) => listener.close()));
    await server.close();
  }
}

function clientIdOf(workMs: number): string {
  return `orders-${workMs === 0 ? 'fast' : 'slow'}`;
}

/** Version 0 of all tickets, then version 1 of all, and so on; the price tells the version. */
function updates(): DemoEvent[] {
  const events: DemoEvent[] = [];
  for (let version = 0; version < versionCount; version += 1) {
    for (let ticket = 1; ticket <= ticketCount; ticket += 1) {
      events.push({ id: `ticket-${ticket}`, version, price: 100 + version });
    }
  }
  return events;
}

function wrongPrices(books: Books): number {
  const ids = Array.from({ length: ticketCount }, (_, index) => `ticket-${index + 1}`);
  return ids.filter((id) => books.priceOf(id) !== 100 + versionCount - 1).length;
}

async function work(ms: number): Promise<void> {
  if (ms > 0) await sleep(ms);
}
