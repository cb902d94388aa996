import { setTimeout as sleep } from 'node:timers/promises';
import { Books } from './books.js';
import type { DemoEvent } from './books.js';
import type { Demo, Variant } from './demo.js';
import { startDemoServer } from './demo-server.js';
import type { DemoServer } from './demo-server.js';
import { listenGuarded } from './listen-guarded.js';
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
  harm: [
    `Two instances share the updates of ${ticketCount} tickets. One takes ${slowMs} ms longer for each event, so what it`,
    'was given first it writes last: an old price goes over a newer one, and nobody notices.',
  ],
  cure: [
    'Every event carries the version of its ticket. An instance writes it when it is the next one; when it comes',
    'too early the handler throws, and it is tried again until those before it are there.',
  ],
  naive: [naive],
  guarded: [guarded],
};

async function naive(): Promise<Variant> {
  return runVariant({ title: 'naive', guarded: false }, (server, channel, books, workMs) =>
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

async function guarded(): Promise<Variant> {
  return runVariant({ title: 'versions', guarded: true }, (server, channel, books, workMs) =>
    listenGuarded({
      server,
      channel,
      clientId: `orders-${workMs === 0 ? 'fast' : 'slow'}`,
      handle: async (event) => {
        await work(workMs);
        return books.writeNext(event);
      },
    }),
  );
}

async function runVariant(
  variant: Pick<Variant, 'title' | 'guarded'>,
  listen: (server: DemoServer, channel: string, books: Books, workMs: number) => Promise<Listener>,
): Promise<Variant> {
  const server = await startDemoServer();
  const channel = server.channel('ticket:updated');
  const books = new Books();
  const listeners = [await listen(server, channel, books, 0), await listen(server, channel, books, slowMs)];
  try {
    const events = updates();
    await publishAll(server, channel, events);
    await until('every update to be written', () => books.countOf(events) === events.length);
    return { ...variant, tally: books.tally(events), facts: { 'wrong price in the end': `${wrongPrices(books)}` } };
  } finally {
    await Promise.all(listeners.map((listener) => listener.close()));
    await server.close();
  }
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
