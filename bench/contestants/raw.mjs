/** The client everything is compared with: node-nats-streaming 0.3.2 as its own documentation uses it. */
import { connect } from 'node-nats-streaming';

import {
  arrivalMeter,
  eventOf,
  heldBytes,
  latencyMeter,
  measured,
  publishInWindow,
  serveContestant,
  settledRequests,
  unique,
} from '../harness/serve-contestant.mjs';

const [url, clusterId] = process.argv.slice(2);

function open() {
  const client = connect(clusterId, unique('raw'), { url, maxPubAcksInflight: Number.MAX_SAFE_INTEGER });
  return new Promise((resolve, reject) => {
    client.on('connect', () => resolve(client));
    client.on('error', reject);
  });
}

const closed = (client) =>
  new Promise((resolve) => {
    client.on('close', resolve);
    client.close();
  });

const publisher = await open();

/** Subscribes from the first message on; `ackMode` as the transports name it. */
function subscribe(client, { subject, maxInFlight = 1_024, ackMode = 'afterHandler', from = 'first' }, onData) {
  const options = client.subscriptionOptions().setMaxInFlight(maxInFlight);
  if (from === 'first') options.setDeliverAllAvailable();
  if (ackMode !== 'onDelivery') options.setManualAckMode(true);
  const subscription = client.subscribe(subject, options);
  // A message may overtake the confirmation, and the client cannot ack it before that: it would come again after 30 s.
  const early = [];
  let isReady = false;
  subscription.on('message', (message) => {
    onData(JSON.parse(message.getData()));
    if (ackMode === 'onDelivery') return;
    if (isReady) message.ack();
    else early.push(message);
  });
  return new Promise((resolve) => {
    subscription.on('ready', () => {
      isReady = true;
      for (const message of early) message.ack();
      resolve();
    });
  });
}

serveContestant({
  publish: ({ subject, count, window, payloadBytes }) => {
    const event = eventOf(payloadBytes);
    return measured(count, () =>
      publishInWindow({ count, window }, (onAck) => publisher.publish(subject, JSON.stringify(event), onAck)),
    );
  },

  deliver: async ({ subjects, count, ackMode }) => {
    const client = await open();
    const meter = arrivalMeter(count);
    await Promise.all(subjects.map((subject) => subscribe(client, { subject, ackMode }, meter.onArrival)));
    const result = await meter.done;
    await closed(client);
    return result;
  },

  latency: async ({ subject, perSecond, count }) => {
    const client = await open();
    const meter = latencyMeter({ perSecond, count });
    await subscribe(client, { subject, from: 'new' }, meter.onHandled);
    const result = await meter.run((data) => publisher.publish(subject, JSON.stringify(data), () => undefined));
    await closed(client);
    return result;
  },

  pendingMemory: async ({ subject, count, payloadBytes }) => {
    const event = eventOf(payloadBytes);
    const before = heldBytes();
    let bytesPerPublish = 0;
    let sent = 0;
    await publishInWindow({ count, window: count }, (onAck) => {
      publisher.publish(subject, JSON.stringify(event), onAck);
      sent += 1;
      if (sent === count) bytesPerPublish = (heldBytes() - before) / count;
    });
    return { bytesPerPublish };
  },

  subscriptionMemory: async ({ subjects }) => {
    const client = await open();
    const before = heldBytes();
    await Promise.all(subjects.map((subject) => subscribe(client, { subject, from: 'new' }, () => undefined)));
    await settledRequests();
    const bytesPerSubscription = (heldBytes() - before) / subjects.length;
    await closed(client);
    return { bytesPerSubscription };
  },

  listen: async ({ subject, from = 'new' }) => {
    const client = await open();
    await subscribe(client, { subject, from }, () => process.send({ handledAt: Date.now() }));
    return {};
  },
});
