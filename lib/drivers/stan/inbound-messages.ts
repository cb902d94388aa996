import type { NatsConnection } from './vendor-internals.js';

/**
 * Takes one message as a range of the bytes that came from the network; false where it leaves that one to the client.
 * Must not throw.
 */
export type MessageReceiver = (bytes: Buffer, from: number, to: number) => boolean;

/** The state in which the NATS client expects a control line. Source: nats 1.4.12 lib/nats.js (AWAITING_CONTROL). */
const awaitingControl = 0;

/** A message of which more than this has yet to come is left to the client, which gathers its chunks without copying. */
const mostBytesToWaitFor = 65_536;

const space = 0x20;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const zero = 0x30;
const lineEndLength = 2;

/** First letters of the lines that a server sends besides messages: PING and PONG, +OK, INFO, -ERR. */
const clientLines: ReadonlySet<number | undefined> = new Set(Buffer.from('P+I-'));

/** What stands at a place of the stream: a message of ours, or the beginning of one; `undefined` for anything else. */
type Found = 'message' | 'part' | undefined;

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
    const leaveToClient = nats.processInbound;
    nats.processInbound = () => {
      const { inbound } = nats;
      const isEmpty = inbound === null || inbound === undefined;
      if (isEmpty || nats.pstate !== awaitingControl || this.receivers.size === 0) leaveToClient.call(nats);
      else this.read(inbound, () => leaveToClient.call(nats));
    };
  }

  /**
   * Hands the messages of one NATS subscription, named by its `sid`, to `receiver`. Those that the client has parsed
   * all the same go to the callback that it subscribed with.
   */
  receive(sid: number, receiver: MessageReceiver): void {
    this.receivers.set(sid, receiver);
  }

  remove(sid: number): void {
    this.receivers.delete(sid);
  }

  /**
   * Goes through what has come: ours are taken, anything else is left to the client, one by one. Handed over with all
   * that follows, a single answer to a request would send the events behind it through the client's parser.
   */
  private read(inbound: Buffer, leaveToClient: () => void): void {
    const { nats } = this;
    const { stream } = nats;
    let at = 0;
    // A receiver, or the client, may end the connection; what is left of its stream goes with it.
    while (at < inbound.length && nats.stream === stream) {
      const found = this.find(inbound, at);
      if (found === 'part') break;
      if (found === 'message') {
        const next = this.to + lineEndLength;
        if (this.receiver?.(inbound, this.from, this.to)) {
          at = next;
          continue;
        }
      }
      const end = endOfOther(inbound, at);
      nats.inbound = inbound.subarray(at, end);
      leaveToClient();
      if (end === undefined) return;
      if (this.isHeldBack()) {
        nats.inbound = inbound.subarray(at);
        return;
      }
      at = end;
    }
    if (nats.stream === stream) nats.inbound = at < inbound.length ? inbound.subarray(at) : null;
  }

  /** Whether the client did not know what to do with what it was left. */
  private isHeldBack(): boolean {
    return Boolean(this.nats.inbound?.length);
  }

  /** Reads `MSG <subject> <sid> <size>`, the form in which the server sends what asks for no reply. */
  private find(bytes: Buffer, start: number): Found {
    if (!startsMessage(bytes, start)) return undefined;
    const sidFrom = pastSpace(bytes, start + 4);
    const sizeFrom = pastSpace(bytes, sidFrom);
    const lineEnd = pastDigits(bytes, sizeFrom);
    if (lineEnd === sizeFrom || bytes[lineEnd] !== carriageReturn || bytes[lineEnd + 1] !== lineFeed) return undefined;
    this.receiver = this.receivers.get(numberAt(bytes, sidFrom, sizeFrom - 1));
    if (this.receiver === undefined) return undefined;
    this.from = lineEnd + lineEndLength;
    this.to = this.from + numberAt(bytes, sizeFrom, lineEnd);
    const missing = this.to + lineEndLength - bytes.length;
    if (missing <= 0) return 'message';
    return missing <= mostBytesToWaitFor ? 'part' : undefined;
  }
}

function startsMessage(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0x4d && bytes[at + 1] === 0x53 && bytes[at + 2] === 0x47 && bytes[at + 3] === space;
}

/**
 * Where a message or control line of the client's ends, be it behind what has come. `undefined` where its line is not all
 * there, and also for one that the client would hold back: then what follows must stay behind it.
 */
function endOfOther(bytes: Buffer, start: number): number | undefined {
  const lineEnd = bytes.indexOf(lineFeed, start);
  if (bytes[lineEnd - 1] !== carriageReturn) return undefined;
  if (!startsMessage(bytes, start)) return clientLines.has(bytes[start]) ? lineEnd + 1 : undefined;
  let sizeFrom = lineEnd - 1;
  while (isDigit(bytes[sizeFrom - 1])) sizeFrom -= 1;
  return lineEnd + 1 + numberAt(bytes, sizeFrom, lineEnd - 1) + lineEndLength;
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

function isDigit(byte: number | undefined): byte is number {
  return byte !== undefined && byte >= zero && byte <= zero + 9;
}

/** The decimal number in a range; `NaN` where it is none. */
function numberAt(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at];
    if (!isDigit(byte)) return Number.NaN;
    value = value * 10 + byte - zero;
  }
  return value;
}
