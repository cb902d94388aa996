import type { NatsConnection } from './stan-client.js';

/** Takes one message as a range of the bytes that came from the network. Must not throw. */
export type MessageReceiver = (bytes: Buffer, from: number, to: number) => void;

/** The state in which the NATS client expects a control line. Source: nats 1.4.12 lib/nats.js (AWAITING_CONTROL). */
const awaitingControl = 0;

/** A message of which more than this has yet to come is left to the client, which gathers its chunks without copying. */
const mostBytesToWaitFor = 65_536;

const space = 0x20;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const zero = 0x30;
const lineEndLength = 2;

/** What stands at a place of the stream: a message of ours, the beginning of one, or something else. */
type Found = 'message' | 'part' | 'other';

/**
 * Takes the messages of our subscriptions out of the NATS client's stream, before it parses them: it makes a string of
 * up to 4 096 bytes for each, runs regular expressions over it and turns the payload into a string, which together
 * take most of a delivery's processor time. All else, and whatever is not plainly a message, stays with the client.
 * Source: nats 1.4.12 lib/nats.js (processInbound).
 */
export class InboundMessages {
  private readonly receivers = new Map<number, MessageReceiver>();
  // What was found last; fields, so that nothing is allocated per message.
  private receiver: MessageReceiver | undefined;
  private from = 0;
  private to = 0;

  constructor(private readonly nats: NatsConnection) {
    // A user's `yieldTime` asks the client to pause between messages, which only its own parser does.
    if (nats.options.yieldTime !== undefined) return;
    const processAll = nats.processInbound;
    nats.processInbound = () => {
      if (this.takeMessages() !== 'part') processAll.call(nats);
    };
  }

  /** Has the messages of one subscription of the client, named by its `sid`, taken by `receiver`. */
  receive(sid: number, receiver: MessageReceiver): void {
    const subscription = this.nats.subs[sid];
    if (subscription === undefined) return;
    this.receivers.set(sid, receiver);
    // For those that the client has parsed, as text with a character per byte.
    subscription.callback = (text: string) => {
      const bytes = Buffer.from(text, 'latin1');
      receiver(bytes, 0, bytes.length);
    };
  }

  remove(sid: number): void {
    this.receivers.delete(sid);
  }

  /** Takes all that come first in the stream; tells what comes after them. */
  private takeMessages(): Found {
    const { nats, receivers } = this;
    const { inbound } = nats;
    if (!inbound || nats.pstate !== awaitingControl || receivers.size === 0) return 'other';
    let at = 0;
    let found: Found = 'other';
    // A receiver may end the connection, which takes its stream away.
    while (at < inbound.length && nats.inbound === inbound) {
      found = this.find(inbound, at);
      if (found !== 'message') break;
      at = this.to + lineEndLength;
      this.receiver?.(inbound, this.from, this.to);
    }
    if (at > 0 && nats.inbound === inbound) nats.inbound = at < inbound.length ? inbound.subarray(at) : null;
    return found;
  }

  /** Reads `MSG <subject> <sid> <size>`, the form in which the server sends what asks for no reply. */
  private find(bytes: Buffer, start: number): Found {
    if (!startsMessage(bytes, start)) return 'other';
    const sidFrom = pastSpace(bytes, start + 4);
    const sizeFrom = pastSpace(bytes, sidFrom);
    const lineEnd = pastDigits(bytes, sizeFrom);
    if (lineEnd === sizeFrom || bytes[lineEnd] !== carriageReturn || bytes[lineEnd + 1] !== lineFeed) return 'other';
    this.receiver = this.receivers.get(numberAt(bytes, sidFrom, sizeFrom - 1));
    if (this.receiver === undefined) return 'other';
    this.from = lineEnd + lineEndLength;
    this.to = this.from + numberAt(bytes, sizeFrom, lineEnd);
    const missing = this.to + lineEndLength - bytes.length;
    if (missing <= 0) return 'message';
    return missing <= mostBytesToWaitFor ? 'part' : 'other';
  }
}

function startsMessage(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0x4d && bytes[at + 1] === 0x53 && bytes[at + 2] === 0x47 && bytes[at + 3] === space;
}

/** The place behind the next space; behind the end where there is none. */
function pastSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== space) at += 1;
  return at + 1;
}

function pastDigits(bytes: Buffer, from: number): number {
  let at = from;
  while (isDigit(bytes[at])) at += 1;
  return at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zero && byte <= zero + 9;
}

/** The decimal number in a range; `NaN` where it is none. */
function numberAt(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at];
    if (byte === undefined || !isDigit(byte)) return Number.NaN;
    value = value * 10 + byte - zero;
  }
  return value;
}
