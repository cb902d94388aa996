/** What the reply subject of a delivery says about it. */
export interface AckFacts {
  readonly deliveries: number;
  readonly sequence: number;
  readonly timestampNs: number;
}

/** Where the facts stand, counted in dots: the short form, and the one with domain and account. */
const shortForm = 8;
const longFormAtLeast = 10;

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<consumer sequence>.<ns>.<pending>`, or the longer form with
 * domain and account hash in front of the stream. `undefined` for anything else.
 * Source: nats-server 2.15.2 server/consumer.go (ackReplyInfo).
 */
export function readAckSubject(reply: string): AckFacts | undefined {
  if (!reply.startsWith('$JS.ACK.')) return undefined;
  const parts = reply.split('.');
  const dots = parts.length - 1;
  const from = dots === shortForm ? 4 : dots >= longFormAtLeast ? 6 : undefined;
  if (from === undefined) return undefined;
  const deliveries = Number(parts[from]);
  const sequence = Number(parts[from + 1]);
  const timestampNs = Number(parts[from + 3]);
  if (!Number.isSafeInteger(deliveries) || !Number.isSafeInteger(sequence) || Number.isNaN(timestampNs))
    return undefined;
  return { deliveries, sequence, timestampNs };
}
