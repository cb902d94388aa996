import type { Clock } from '../../core/clock.js';
import type { NatsMessage } from './nats-client.js';
import { betweenCommands } from './vendor-internals.js';
import type { ClientParser, ClientProtocol } from './vendor-internals.js';

const noBytes = Buffer.alloc(0);

/** Where the parts of a message stand. The same object for each: whoever wants to keep them copies them. */
export class InboundMessage {
  bytes: Buffer = noBytes;
  /** The whole command. */
  from = 0;
  to = 0;
  subjectFrom = 0;
  subjectTo = 0;
  /** Empty where there is none. */
  replyFrom = 0;
  replyTo = 0;
  /** Empty where there are none. */
  headersFrom = 0;
  dataFrom = 0;
  dataTo = 0;
}

/** One that the client has parsed already, put together again. */
export function inboundOf(native: NatsMessage, reply: string): InboundMessage {
  const headers = native.headers === undefined ? noBytes : headerBytes(native.headers);
  const message = new InboundMessage();
  message.bytes = Buffer.concat([Buffer.from(reply), headers, native.data]);
  message.replyTo = message.bytes.length - headers.length - native.data.length;
  message.headersFrom = message.replyTo;
  message.dataFrom = message.headersFrom + headers.length;
  message.dataTo = message.bytes.length;
  return message;
}

function headerBytes(headers: NonNullable<NatsMessage['headers']>): Buffer {
  const lines = [...headers].flatMap(([name, values]) => values.map((value) => `${name}: ${value}\r\n`));
  return Buffer.from(`NATS/1.0\r\n${lines.join('')}\r\n`);
}

/**
 * Takes a message, at the given time of the process's clock; false leaves it to the client, and so to the callback of the
 * subscription. Must not throw.
 */
export type MessageReceiver = (message: InboundMessage, nowMs: number) => boolean;

/** A command of which more than this has yet to come is left to the client, which gathers its chunks without copying. */
const mostBytesToWaitFor = 65_536;

const space = 0x20;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const letterH = 0x48;
const letterM = 0x4d;
const zero = 0x30;
const lineEndLength = 2;
const mostTokens = 5;

/** What stands at a place of the stream. */
type Found = 'message' | 'other' | 'part' | 'unknown';

/**
 * Takes the messages of our subscriptions out of the client's stream before it parses them: it goes through them byte by
 * byte and makes some ten objects of each. All else, and what is not plainly a message, stays with the client, command by
 * command.
 */
export class InboundMessages {
  private readonly receivers = new Map<number, MessageReceiver>();
  private parser: ClientParser | undefined;
  // What was found last; fields, so that nothing is allocated per message.
  private readonly message = new InboundMessage();
  private receiver: MessageReceiver | undefined;
  private readonly tokenStarts = new Int32Array(mostTokens + 1);

  constructor(
    private readonly protocol: ClientProtocol,
    private readonly clock: Clock,
  ) {}

  /** Hands the messages of one subscription, named by its `sid`, to `receiver`. */
  receive(sid: number, receiver: MessageReceiver): void {
    this.receivers.set(sid, receiver);
  }

  remove(sid: number): void {
    this.receivers.delete(sid);
  }

  /** Takes its place before the client's parser, which is another one in each connection. */
  attach(): void {
    const { parser } = this.protocol;
    if (parser === this.parser) return;
    this.parser = parser;
    const leaveToClient = parser.parse.bind(parser);
    const reader = new StreamReader(leaveToClient, (bytes) => this.read(bytes, leaveToClient));
    let isBetweenCommands = false;
    parser.parse = (bytes) => {
      // It may have the beginning of a command already.
      isBetweenCommands ||= parser.state === betweenCommands;
      if (isBetweenCommands) reader.take(bytes);
      else leaveToClient(bytes);
    };
  }

  /** Goes through what has come; returns where the part begins that has not come whole, and how much of it is missing. */
  private read(bytes: Buffer, leaveToClient: (bytes: Uint8Array) => void): Rest {
    const nowMs = this.clock.nowMs();
    let at = 0;
    while (at < bytes.length) {
      const found = this.find(bytes, at);
      const { message } = this;
      if (found === 'unknown') return { at, missing: Infinity };
      if (found === 'part') return { at, missing: message.to - bytes.length };
      const { to } = message;
      if (found === 'other' || this.receiver?.(message, nowMs) !== true) leaveToClient(bytes.subarray(at, to));
      else this.count(message);
      at = to;
    }
    return { at, missing: 0 };
  }

  private count({ headersFrom, dataTo }: InboundMessage): void {
    this.protocol.inMsgs += 1;
    this.protocol.inBytes += dataTo - headersFrom;
  }

  private find(bytes: Buffer, start: number): Found {
    const hasHeaders = bytes[start] === letterH;
    if (!hasHeaders && bytes[start] !== letterM) return this.findLine(bytes, start);
    const { tokenStarts } = this;
    let at = start + (hasHeaders ? 5 : 4);
    if (at <= bytes.length && bytes[at - 1] !== space) return 'unknown';
    let count = 1;
    tokenStarts[0] = at;
    for (; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === carriageReturn) break;
      if (byte !== space) continue;
      if (count === mostTokens) return 'unknown';
      tokenStarts[count++] = at + 1;
    }
    // Not even its line has come.
    if (at + 1 >= bytes.length) return this.waitFor(bytes, start);
    if (bytes[at + 1] !== lineFeed) return 'unknown';
    tokenStarts[count] = at + 1;
    return this.readTokens(bytes, { start, count, lineEnd: at, hasHeaders });
  }

  private readTokens(bytes: Buffer, { start, count, lineEnd, hasHeaders }: Line): Found {
    const sizes = hasHeaders ? 2 : 1;
    const hasReply = count === 3 + sizes;
    if (!hasReply && count !== 2 + sizes) return 'unknown';
    const size = this.numberAt(bytes, count - 1);
    const headerSize = hasHeaders ? this.numberAt(bytes, count - 2) : 0;
    const sid = this.numberAt(bytes, 1);
    if (size < 0 || headerSize < 0 || headerSize > size || sid < 0) return 'unknown';
    const { message, tokenStarts } = this;
    const [subjectFrom = 0, sidFrom = 0, replyFrom = 0, behindReply = 0] = tokenStarts;
    message.bytes = bytes;
    message.from = start;
    message.subjectFrom = subjectFrom;
    message.subjectTo = sidFrom - 1;
    message.replyFrom = replyFrom;
    message.replyTo = hasReply ? behindReply - 1 : replyFrom;
    message.headersFrom = lineEnd + lineEndLength;
    message.dataFrom = message.headersFrom + headerSize;
    message.dataTo = message.headersFrom + size;
    message.to = message.dataTo + lineEndLength;
    if (message.to > bytes.length) return 'part';
    this.receiver = this.receivers.get(sid);
    return this.receiver === undefined ? 'other' : 'message';
  }

  /** PING and PONG, +OK, INFO, -ERR: a line each. */
  private findLine(bytes: Buffer, start: number): Found {
    const end = bytes.indexOf(lineFeed, start);
    if (end < 0) return this.waitFor(bytes, start);
    this.message.to = end + 1;
    return 'other';
  }

  private waitFor(bytes: Buffer, start: number): Found {
    this.message.to = bytes.length + 1;
    return bytes.length - start > mostBytesToWaitFor ? 'unknown' : 'part';
  }

  /** The decimal number of a token; negative where it is none. */
  private numberAt(bytes: Buffer, token: number): number {
    const from = this.tokenStarts[token] ?? 0;
    const to = (this.tokenStarts[token + 1] ?? 0) - 1;
    if (from >= to) return -1;
    let value = 0;
    for (let at = from; at < to; at += 1) {
      const digit = (bytes[at] ?? 0) - zero;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    return value;
  }
}

interface Line {
  readonly start: number;
  /** How many words it has behind the first. */
  readonly count: number;
  readonly lineEnd: number;
  readonly hasHeaders: boolean;
}

interface Rest {
  readonly at: number;
  readonly missing: number;
}

/** Puts chunks together, so that every command is read whole, or goes to the client from its first byte to its last. */
class StreamReader {
  private kept: Buffer | undefined;
  /** So much of what comes next belongs to a command that the client has the beginning of. */
  private owedToClient = 0;

  constructor(
    private readonly leaveToClient: (bytes: Uint8Array) => void,
    private readonly read: (bytes: Buffer) => Rest,
  ) {}

  take(chunk: Uint8Array): void {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.owedToClient > 0) {
      const owed = Math.min(bytes.length, this.owedToClient);
      this.owedToClient -= owed;
      this.leaveToClient(bytes.subarray(0, owed));
      bytes = bytes.subarray(owed);
    }
    if (this.kept !== undefined) bytes = Buffer.concat([this.kept, bytes]);
    this.kept = undefined;
    const { at, missing } = this.read(bytes);
    if (missing === 0) return;
    const rest = bytes.subarray(at);
    if (missing <= mostBytesToWaitFor) this.kept = rest;
    else {
      this.owedToClient = missing;
      this.leaveToClient(rest);
    }
  }
}
