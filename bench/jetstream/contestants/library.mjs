/** `@nats-io/jetstream` as its own documentation uses it: `publish()` and `consume()`. */
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

import { arrivalMeter, eventOf, measured, publishInWindow, serveContestant } from '../../harness/serve-contestant.mjs';

const [url] = process.argv.slice(2);
const js = jetstream(await connect({ servers: url }));

serveContestant({
  publish: ({ subject, count, window, payloadBytes }) => {
    const event = eventOf(payloadBytes);
    return measured(count, () =>
      publishInWindow({ count, window }, (onAck) => {
        js.publish(subject, JSON.stringify(event)).then(() => onAck(), onAck);
      }),
    );
  },

  deliver: async ({ stream, consumer, count, maxInFlight }) => {
    const meter = arrivalMeter(count);
    const reader = await js.consumers.get(stream, consumer);
    const messages = await reader.consume({
      max_messages: maxInFlight,
      callback: (message) => {
        message.json();
        message.ack();
        meter.onArrival();
      },
    });
    const result = await meter.done;
    messages.stop();
    await messages.closed();
    return result;
  },
});
