import type { BrokerEvent, StanBroker } from '../broker/index.js';
import { DecodedEvent, headersOf, isPromise, noHeaders } from '../core/wire/index.js';
import type { FactLog } from './fact-log.js';
import type { HarnessFact } from './harness-fact.js';

/** Reads the bytes of an event. @internal */
export type ReadEvent = (subject: string, data: Buffer) => unknown;

/**
 * Puts what happens at a broker into a log; returns the function that stops it. Keeps the events of the broker's life:
 * deliveries and acks name a sequence, and people want to see the event.
 * @internal
 */
export function observeBroker(broker: StanBroker, log: FactLog, read: ReadEvent): () => void {
  const events = new Map<string, Pick<HarnessFact, 'data' | 'headers'>>();
  const keyOf = (channel: string, sequence: number) => `${String(sequence)} ${channel}`;

  const published = ({ channel, clientId, sequence, data, reply }: Extract<BrokerEvent, { type: 'published' }>) => {
    const decoded = tryRead(read, channel, Buffer.from(data));
    const event =
      decoded instanceof DecodedEvent
        ? { data: decoded.data, headers: headersOf(reply, decoded.headers) }
        : { data: decoded, headers: headersOf(reply, undefined) };
    events.set(keyOf(channel, sequence), event);
    log.add({ ...nothingMore, ...event, kind: 'emitted', subject: channel, sequence, clientId, queueGroup: '' });
  };
  const moved = (event: Extract<BrokerEvent, { type: 'delivered' | 'acked' }>) => {
    const { channel: subject, sequence, clientId, queueGroup } = event;
    const about = events.get(keyOf(subject, sequence)) ?? unknownEvent;
    const redeliveryCount = event.type === 'delivered' ? event.redeliveryCount : 0;
    const again = redeliveryCount > 0 ? 'redelivered' : 'delivered';
    const kind = event.type === 'acked' ? 'acked' : again;
    log.add({ ...nothingMore, ...about, kind, subject, sequence, clientId, queueGroup, redeliveryCount });
  };
  return broker.observe((event) => {
    if (event.type === 'published') published(event);
    else if (event.type === 'delivered' || event.type === 'acked') moved(event);
    else log.remark(describeEvent(event));
  });
}

/** One that was stored before the harness looked. */
const unknownEvent = { data: undefined, headers: noHeaders } as const;

const nothingMore = { redeliveryCount: 0, error: undefined } as const;

function tryRead(read: ReadEvent, subject: string, data: Buffer): unknown {
  try {
    const event = read(subject, data);
    if (!isPromise(event)) return event;
    event.catch(() => undefined); // a deserializer that takes its time is shown by its bytes
  } catch {
    // Not what the app's deserializer takes; the bytes say more than nothing.
  }
  return data;
}

function describeEvent(event: Exclude<BrokerEvent, { type: 'published' | 'delivered' | 'acked' }>): string {
  switch (event.type) {
    case 'clientConnected':
      return `client ${event.clientId} connected${event.replaced ? ' and replaced an older one' : ''}`;
    case 'clientRefused':
      return `client ${event.clientId} refused: ${event.error}`;
    case 'clientClosed':
      return `client ${event.clientId} closed (${event.reason})`;
    case 'channelCreated':
      return `channel ${event.channel} created`;
    case 'channelDeleted':
      return `channel ${event.channel} deleted`;
    case 'publishRefused':
      return `publish to ${event.channel} by ${event.clientId} refused: ${event.error}`;
    case 'subscribed':
      return `${event.clientId} subscribed to ${event.channel}${event.queueGroup === '' ? '' : ` (queue ${event.queueGroup})`}${event.resumed ? ', a durable resumes' : ''}`;
    case 'subscribeRefused':
      return `subscription of ${event.clientId} to ${event.channel} refused: ${event.error}`;
    case 'subscriptionClosed':
      return `${event.clientId} closed its subscription to ${event.channel}`;
    case 'unsubscribed':
      return `${event.clientId} unsubscribed from ${event.channel}`;
  }
}
