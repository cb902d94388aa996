import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const opened = new AsyncLocalStorage<Set<Socket>>();

/** The connects under way: as long as there are any, every promise of the process pays for the storage. */
const underWay = new Set<Set<Socket>>();

/** Node tells every socket that is made, in the context of whoever makes it. */
const channel = 'net.client.socket';

/**
 * Runs `connect`, and destroys the sockets that it has opened where it rejects. The client keeps the socket of an attempt
 * that ran out of time open for good, one for each attempt at a port that takes connections and says nothing.
 * Source: @nats-io/transport-node 3.3.1 lib/node_transport.js (_closed returns at once where it was never connected).
 */
export function withoutLeakedSockets<Result>(connect: () => Promise<Result>): Promise<Result> {
  const sockets = new Set<Socket>();
  const keep = (message: unknown): void => {
    if (opened.getStore() === sockets) sockets.add((message as { readonly socket: Socket }).socket);
  };
  subscribe(channel, keep);
  underWay.add(sockets);
  return opened.run(sockets, async () => {
    try {
      return await connect();
    } catch (error) {
      for (const socket of sockets) socket.destroy();
      throw error;
    } finally {
      unsubscribe(channel, keep);
      sockets.clear();
      underWay.delete(sockets);
      if (underWay.size === 0) opened.disable();
    }
  });
}
