import { randomBytes } from 'node:crypto';
import stan from 'node-nats-streaming';
import type { Message, SubscriptionOptions } from 'node-nats-streaming';
import type { DemoServer } from './demo-server.js';

/** A listener that runs. */
export interface Listener {
  readonly clientId: string;
  close(): Promise<void>;
}

/** What a naive listener is made of. */
export interface NaiveListenerOptions {
  readonly server: Pick<DemoServer, 'url' | 'clusterId'>;
  readonly channel: string;
  /** @defaultValue another one with every start */
  readonly clientId?: string;
  readonly queueGroup?: string;
  /** Sets the subscription's options; without it they are node-nats-streaming's: new events only, acked on arrival. */
  readonly configure?: (options: SubscriptionOptions) => SubscriptionOptions;
  readonly onMessage: (message: Message) => void;
}

/** Listens with node-nats-streaming alone, the way the course writes its first listeners. */
export async function listenNaively(options: NaiveListenerOptions): Promise<Listener> {
  const { server, channel, queueGroup, configure = (same) => same, onMessage } = options;
  const clientId = options.clientId ?? randomBytes(4).toString('hex');
  const client = stan.connect(server.clusterId, clientId, { url: server.url });
  await new Promise<void>((resolve, reject) => {
    client.on('connect', () => resolve());
    client.on('error', reject);
  });
  const subscriptionOptions = configure(client.subscriptionOptions());
  const subscription = queueGroup
    ? client.subscribe(channel, queueGroup, subscriptionOptions)
    : client.subscribe(channel, subscriptionOptions);
  subscription.on('message', onMessage);
  await new Promise<void>((resolve, reject) => {
    subscription.on('ready', () => resolve());
    subscription.on('error', reject);
  });
  return {
    clientId,
    close: () =>
      new Promise((resolve) => {
        client.on('close', () => resolve());
        client.close();
      }),
  };
}

/** The event that a message carries. */
export function eventOf<Event>(message: Message): Event {
  return JSON.parse(String(message.getData())) as Event;
}
