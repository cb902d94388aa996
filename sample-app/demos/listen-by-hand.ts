import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from 'node-nats-streaming';
import type { DemoEvent } from './books.js';
import type { DemoServer } from './demo-server.js';
import { eventOf, listenNaively } from './listen-naively.js';
import type { Listener } from './listen-naively.js';
import { TooEarlyError } from './too-early.error.js';

/** What a listener by hand is made of. */
export interface ListenerByHandOptions {
  readonly server: Pick<DemoServer, 'url' | 'clusterId' | 'ackWaitMs'>;
  readonly channel: string;
  readonly clientId: string;
  /** The event is acked when this has finished; when it throws, the event comes again. */
  readonly handle: (event: DemoEvent) => Promise<void> | void;
}

const retryMs = 10;

/** Listens with node-nats-streaming in a durable queue group, and acks after the work. */
export function listenByHand({ server, channel, clientId, handle }: ListenerByHandOptions): Promise<Listener> {
  const receive = async (message: Message): Promise<void> => {
    const giveUpAt = performance.now() + server.ackWaitMs;
    for (;;) {
      try {
        await handle(eventOf<DemoEvent>(message));
        message.ack();
        return;
      } catch (error) {
        // Mostly the event before it is being handled next door. All else that fails is left to the server.
        if (!(error instanceof TooEarlyError) || performance.now() > giveUpAt) return;
        await sleep(retryMs);
      }
    }
  };
  return listenNaively({
    ...{ server, channel, clientId, queueGroup: 'orders' },
    configure: (options) =>
      options.setManualAckMode(true).setAckWait(server.ackWaitMs).setDurableName('orders').setDeliverAllAvailable(),
    onMessage: (message) => void receive(message),
  });
}
