import { ClientStan, uniqueClientId } from 'nestjs-stan';
import type { DemoEvent } from './books.js';
import type { DemoServer } from './demo-server.js';

/** Publishes events in their order and resolves when the server has stored all of them. */
export async function publishAll(server: DemoServer, channel: string, events: readonly DemoEvent[]): Promise<void> {
  const { url, clusterId } = server;
  const client = new ClientStan({ clusterId, clientId: uniqueClientId('demo'), servers: url });
  try {
    await Promise.all(events.map((event) => client.emitAsync(channel, event)));
  } finally {
    await client.close();
  }
}

/** The first states of `count` different tickets, 20 each. */
export function newTickets(count: number): DemoEvent[] {
  return Array.from({ length: count }, (_, index) => ({ id: `ticket-${index + 1}`, version: 0, price: 20 }));
}
