/** The bare protocol over the library's core connection: what there is to win, and none of what an app needs. */
import { connect } from '@nats-io/transport-node';

import {
  arrivalMeter,
  eventOf,
  measured,
  publishInWindow,
  serveContestant,
  unique,
} from '../../harness/serve-contestant.mjs';

const [url] = process.argv.slice(2);
const connection = await connect({ servers: url });
const ackBytes = Buffer.from('+ACK');

/** Its answers in order of sending: with one stream and one connection no other order is possible. */
const waiting = [];
const inbox = unique('_INBOX.raw');
connection.subscribe(inbox, { callback: (error) => waiting.shift()?.(error) });

serveContestant({
  publish: ({ subject, count, window, payloadBytes }) => {
    const event = eventOf(payloadBytes);
    return measured(count, () =>
      publishInWindow({ count, window }, (onAck) => {
        waiting.push(onAck);
        connection.publish(subject, JSON.stringify(event), { reply: inbox });
      }),
    );
  },

  /** Asks for half of what may be in flight as soon as half of it has come. */
  deliver: async ({ stream, consumer, count, maxInFlight }) => {
    const meter = arrivalMeter(count);
    const pullInbox = unique('_INBOX.pull');
    const batch = maxInFlight / 2;
    const pull = () => connection.publish(next, JSON.stringify({ batch, expires: 30e9 }), { reply: pullInbox });
    const next = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
    let arrived = 0;
    const subscription = connection.subscribe(pullInbox, {
      callback: (_error, message) => {
        if (!message.reply) return;
        JSON.parse(Buffer.from(message.data).toString());
        connection.publish(message.reply, ackBytes);
        arrived += 1;
        if (arrived % batch === 0) pull();
        meter.onArrival();
      },
    });
    pull();
    pull();
    const result = await meter.done;
    subscription.unsubscribe();
    return result;
  },
});
