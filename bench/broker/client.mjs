import { randomBytes } from 'node:crypto';
import stan from 'node-nats-streaming';

/** A connected node-nats-streaming client: the same for every server. */
export function connect(url) {
  const clientId = `bench-${randomBytes(6).toString('hex')}`;
  return new Promise((resolve, reject) => {
    const client = stan.connect('bench', clientId, { url, maxPubAcksInflight: 1_000_000, connectTimeout: 20_000 });
    client.once('connect', () => resolve(client));
    client.on('error', reject);
  });
}

export function disconnect(client) {
  return new Promise((resolve) => {
    client.once('close', resolve);
    client.close();
  });
}

/** Publishes, with never more than `window` unacknowledged; resolves with messages per second. */
export function publishMany(client, { count, window = 1_000, bytes = 128, channelOf }) {
  const payload = Buffer.alloc(bytes, 'x');
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    let sent = 0;
    let acked = 0;
    const onAck = (error) => {
      if (error) reject(error);
      else if (++acked === count) resolve((count / (performance.now() - startedAt)) * 1_000);
      else if (sent < count) publishNext();
    };
    const publishNext = () => client.publish(channelOf(sent++), payload, onAck);
    for (let index = 0; index < Math.min(window, count); index++) publishNext();
  });
}

/** Reads a channel from its start; resolves with messages per second, from the subscribe on. */
export function consumeMany(client, { channel, count, maxInFlight = 1_000 }) {
  const startedAt = performance.now();
  const options = client.subscriptionOptions().setDeliverAllAvailable().setMaxInFlight(maxInFlight);
  return new Promise((resolve, reject) => {
    const subscription = client.subscribe(channel, options);
    let received = 0;
    subscription.on('error', reject);
    subscription.on('message', () => {
      if (++received === count) resolve((count / (performance.now() - startedAt)) * 1_000);
    });
  });
}

export function subscribe(client, channel, onMessage = () => undefined) {
  return new Promise((resolve, reject) => {
    const subscription = client.subscribe(channel, client.subscriptionOptions());
    subscription.on('error', reject);
    subscription.on('message', onMessage);
    subscription.on('ready', () => resolve(subscription));
  });
}
