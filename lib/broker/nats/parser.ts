import { isJsonObject } from './connect-options.js';

/** Why a connection broke the protocol; the connection answers and closes. */
export type Violation =
  'unknownOperation' | 'badArguments' | 'controlLine' | 'payload' | 'unauthorized' | 'headersNotSupported';

/**
 * What a {@link NatsParser} found. Payloads are views into the bytes that were parsed: whoever keeps one copies it.
 * Subjects, queues and sids are latin1 strings, so that every byte survives the way through the server.
 * @internal
 */
export interface ParserHandler {
  /** False until a connection that must authenticate has done so: only CONNECT is let through. */
  readonly mayOperate: boolean;
  readonly maxPayloadBytes: number;
  readonly headersAllowed: boolean;
  connect(options: string): void;
  publish(subject: string, reply: string | undefined, payload: Buffer, headerBytes: number): void;
  subscribe(subject: string, queue: string | undefined, sid: string): void;
  unsubscribe(sid: string, maxMessages: number | undefined): void;
  ping(): void;
  pong(): void;
  /** Called at most once; the parser takes no further bytes afterwards. */
  violation(kind: Violation): void;
}

/** Longest list of arguments after an operation's name. Source: nats-server 2.9.24 MAX_CONTROL_LINE_SIZE. */
export const maxControlLineBytes = 4_096;

const newline = 10;
const carriageReturn = 13;
const space = 32;
const tab = 9;
const caseBit = 0x20;

type Operation = 'connect' | 'pub' | 'hpub' | 'sub' | 'unsub' | 'ping' | 'pong' | 'info' | '+ok' | '-err';
const operations: readonly Operation[] = [
  'pub',
  'hpub',
  'sub',
  'unsub',
  'ping',
  'pong',
  'connect',
  'info',
  '+ok',
  '-err',
];
const longestOperation = 7;

/**
 * The server's side of the NATS client protocol: takes chunks as they come from the network, however they are cut, and
 * calls its handler once per operation. Holds back at most one control line and one payload.
 * @internal
 */
export class NatsParser {
  private line: Buffer | undefined;
  private payload: Buffer | undefined;
  private payloadFilled = 0;
  private payloadBytes = -1;
  private headerBytes = 0;
  private subject = '';
  private reply: string | undefined;
  private stopped = false;
  private args: number[] = [];

  constructor(private readonly handler: ParserHandler) {}

  /** Takes no further bytes and lets go of those held back. */
  stop(): void {
    this.stopped = true;
    this.line = undefined;
    this.payload = undefined;
  }

  parse(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.stopped) {
      at = this.payloadBytes >= 0 ? this.readPayload(chunk, at) : this.readLine(chunk, at);
    }
  }

  private readLine(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(newline, at);
    if (end < 0) {
      this.holdLine(chunk.subarray(at));
      return chunk.length;
    }
    if (this.line) {
      const joined = Buffer.concat([this.line, chunk.subarray(at, end)]);
      this.line = undefined;
      this.processLine(joined, 0, joined.length);
    } else {
      this.processLine(chunk, at, end);
    }
    return end + 1;
  }

  private holdLine(rest: Buffer): void {
    const line = this.line ? Buffer.concat([this.line, rest]) : Buffer.from(rest);
    if (!canBecomeOperation(line)) {
      this.refuse(this.handler.mayOperate ? 'unknownOperation' : 'unauthorized');
    } else if (line.length > maxControlLineBytes + longestOperation + 1) {
      this.refuse('controlLine');
    } else {
      this.line = line;
    }
  }

  private processLine(buffer: Buffer, start: number, newlineAt: number): void {
    const end = newlineAt > start && buffer[newlineAt - 1] === carriageReturn ? newlineAt - 1 : newlineAt;
    const operation = operationAt(buffer, start, end);
    if (operation !== 'connect' && !this.handler.mayOperate) {
      this.refuse('unauthorized');
      return;
    }
    if (operation === undefined) {
      this.refuse('unknownOperation');
      return;
    }
    const from = start + operation.length;
    if (end - from > maxControlLineBytes + 1) {
      this.refuse('controlLine');
      return;
    }
    this.process(operation, buffer, from, end);
  }

  private process(operation: Operation, buffer: Buffer, from: number, end: number): void {
    switch (operation) {
      case 'pub': {
        this.processPub(buffer, from, end);
        return;
      }
      case 'hpub': {
        this.processHeaderPub(buffer, from, end);
        return;
      }
      case 'sub': {
        this.processSub(buffer, from, end);
        return;
      }
      case 'unsub': {
        this.processUnsub(buffer, from, end);
        return;
      }
      case 'ping': {
        this.handler.ping();
        return;
      }
      case 'pong': {
        this.handler.pong();
        return;
      }
      case 'connect': {
        this.handler.connect(buffer.toString('utf8', from, end).trim());
        return;
      }
      case 'info':
        if (!isJsonObject(buffer.toString('utf8', from, end))) this.refuse('badArguments');
        return;
      case '-err':
        this.refuse('badArguments'); // a peer that reports an error is given up, as by the server
        return;
      case '+ok':
        return;
    }
  }

  private processPub(buffer: Buffer, from: number, end: number): void {
    const count = this.split(buffer, from, end);
    if (count !== 2 && count !== 3) {
      this.refuse('badArguments');
      return;
    }
    this.subject = this.argument(buffer, 0);
    this.reply = count === 3 ? this.argument(buffer, 1) : undefined;
    this.expectPayload(0, this.size(buffer, count - 1));
  }

  private processHeaderPub(buffer: Buffer, from: number, end: number): void {
    if (!this.handler.headersAllowed) {
      this.refuse('headersNotSupported');
      return;
    }
    const count = this.split(buffer, from, end);
    if (count !== 3 && count !== 4) {
      this.refuse('badArguments');
      return;
    }
    this.subject = this.argument(buffer, 0);
    this.reply = count === 4 ? this.argument(buffer, 1) : undefined;
    const headerBytes = this.size(buffer, count - 2);
    const totalBytes = this.size(buffer, count - 1);
    if (headerBytes < 0 || headerBytes > totalBytes) {
      this.refuse('badArguments');
      return;
    }
    this.expectPayload(headerBytes, totalBytes);
  }

  private expectPayload(headerBytes: number, totalBytes: number): void {
    if (totalBytes < 0) {
      this.refuse('badArguments');
      return;
    }
    if (totalBytes > this.handler.maxPayloadBytes) {
      this.refuse('payload');
      return;
    }
    this.headerBytes = headerBytes;
    this.payloadBytes = totalBytes;
  }

  private readPayload(chunk: Buffer, at: number): number {
    const wanted = this.payloadBytes + 2;
    if (!this.payload && chunk.length - at >= wanted) {
      this.finishPayload(chunk.subarray(at, at + wanted));
      return at + wanted;
    }
    this.payload ??= Buffer.allocUnsafe(wanted);
    const copied = chunk.copy(this.payload, this.payloadFilled, at, at + wanted - this.payloadFilled);
    this.payloadFilled += copied;
    if (this.payloadFilled === wanted) this.finishPayload(this.payload);
    return at + copied;
  }

  private finishPayload(framed: Buffer): void {
    const bytes = this.payloadBytes;
    this.payload = undefined;
    this.payloadFilled = 0;
    this.payloadBytes = -1;
    if (framed[bytes] !== carriageReturn || framed[bytes + 1] !== newline) {
      this.refuse('unknownOperation');
      return;
    }
    this.handler.publish(this.subject, this.reply, framed.subarray(0, bytes), this.headerBytes);
  }

  private processSub(buffer: Buffer, from: number, end: number): void {
    const count = this.split(buffer, from, end);
    if (count !== 2 && count !== 3) {
      this.refuse('badArguments');
      return;
    }
    const queue = count === 3 ? this.argument(buffer, 1) : undefined;
    this.handler.subscribe(this.argument(buffer, 0), queue, this.argument(buffer, count - 1));
  }

  private processUnsub(buffer: Buffer, from: number, end: number): void {
    const count = this.split(buffer, from, end);
    if (count !== 1 && count !== 2) {
      this.refuse('badArguments');
      return;
    }
    const max = count === 2 ? this.size(buffer, 1) : undefined;
    this.handler.unsubscribe(this.argument(buffer, 0), max === undefined || max <= 0 ? undefined : max);
  }

  /** Notes where each argument starts and ends; returns how many there are. */
  private split(buffer: Buffer, from: number, end: number): number {
    const { args } = this;
    args.length = 0;
    let start = -1;
    for (let i = from; i < end; i++) {
      const byte = buffer[i];
      if (byte === space || byte === tab) {
        if (start >= 0) args.push(start, i);
        start = -1;
      } else if (start < 0) {
        start = i;
      }
    }
    if (start >= 0) args.push(start, end);
    return args.length / 2;
  }

  private argument(buffer: Buffer, index: number): string {
    return buffer.toString('latin1', this.args[2 * index], this.args[2 * index + 1]);
  }

  /** The decimal number at an argument, -1 where it is none or longer than nine digits. */
  private size(buffer: Buffer, index: number): number {
    const start = this.args[2 * index] ?? 0;
    const end = this.args[2 * index + 1] ?? 0;
    if (end - start > 9) return -1;
    let value = 0;
    for (let i = start; i < end; i++) {
      const digit = (buffer[i] ?? 0) - 48;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    return value;
  }

  private refuse(kind: Violation): void {
    this.stop();
    this.handler.violation(kind);
  }
}

function operationAt(buffer: Buffer, start: number, end: number): Operation | undefined {
  return operations.find((name) => startsWith(buffer, start, end, name) && endsAfter(buffer, start, end, name));
}

function startsWith(buffer: Buffer, start: number, end: number, name: string): boolean {
  if (end - start < name.length) return false;
  for (let i = 0; i < name.length; i++) {
    if (((buffer[start + i] ?? 0) | caseBit) !== (name.charCodeAt(i) | caseBit)) return false;
  }
  return true;
}

/** PING, PONG and +OK may be followed by anything up to the end of the line; the others take arguments. */
function endsAfter(buffer: Buffer, start: number, end: number, name: Operation): boolean {
  if (name === 'ping' || name === 'pong' || name === '+ok') return true;
  if (name === 'connect' || name === 'info') return true;
  const next = buffer[start + name.length];
  return end > start + name.length && (next === space || next === tab);
}

/** Garbage without a line end is refused on its first bytes, not when it has filled a control line. */
function canBecomeOperation(line: Buffer): boolean {
  const length = Math.min(line.length, longestOperation);
  return operations.some((name) => {
    const compared = Math.min(length, name.length);
    return startsWith(line, 0, compared, name.slice(0, compared));
  });
}
