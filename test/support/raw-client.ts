import type { Message, Stan, Subscription } from 'node-nats-streaming';
import { connect } from 'node-nats-streaming';
import type { TestBroker } from './brokers.js';
import { cleanUpAfterTest } from './cleanup.js';
import { fresh } from './fresh.js';
import { connectRawJetStreamClient } from './jetstream-raw-client.js';

/** A STAN client that is not ours, for what a test must do or see without the library. */
export interface RawClient {
  readonly clientId: string;
  readonly stan: Stan;
  /** Publishes bytes as they are; resolves with the guid once the server has stored them. */
  publish(subject: string, data: string | Buffer): Promise<string>;
  /** Every message of a channel from its start, each acked on arrival. */
  readAll(subject: string): Promise<readonly Message[]>;
  close(): Promise<void>;
}

/** Connects a {@link RawClient} for the running test. */
export async function connectRawClient(
  broker: Pick<TestBroker, 'url' | 'clusterId' | 'driver'>,
  clientId = fresh('raw'),
): Promise<RawClient> {
  if (broker.driver !== undefined) return connectRawJetStreamClient(broker.url, clientId);
  const stan = connect(broker.clusterId, clientId, {
    url: broker.url,
    reconnect: false,
    waitOnFirstConnect: false,
  });
  await new Promise<void>((resolve, reject) => {
    stan.once('connect', () => resolve());
    stan.on('error', reject);
  });
  let closing: Promise<void> | undefined;
  const close = () =>
    (closing ??= new Promise<void>((resolve) => {
      stan.once('close', resolve);
      stan.once('connection_lost', resolve);
      stan.close();
    }));
  cleanUpAfterTest(() => {
    // Not stan.close(), which waits for a broker that may be gone by now; and nc.close() alone leaves the ping timer running.
    const { nc, cleanupOnClose } = stan as unknown as { nc?: { close(): void }; cleanupOnClose(): void };
    cleanupOnClose.call(stan);
    nc?.close();
  });
  return {
    clientId,
    stan,
    close,
    publish: (subject, data) =>
      new Promise((resolve, reject) =>
        stan.publish(subject, data, (error, guid) => (error ? reject(error) : resolve(guid))),
      ),
    readAll: (subject) => {
      const messages: Message[] = [];
      const subscription: Subscription = stan.subscribe(subject, stan.subscriptionOptions().setDeliverAllAvailable());
      subscription.on('message', (message: Message) => void messages.push(message));
      return new Promise((resolve, reject) => {
        subscription.on('error', reject);
        subscription.on('timeout', reject);
        subscription.on('ready', () => resolve(messages));
      });
    },
  };
}
