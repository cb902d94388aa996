import { ArgumentList } from './argument-list.js';
import { isJsonObject } from './connect-options.js';
import { canBecomeOperation, longestOperation, operationAt } from './operation.js';
import type { Operation } from './operation.js';

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
  private readonly args = new ArgumentList();

  constructor(private readonly handler: ParserHandler) {}

  /** Takes no further bytes and drops those held back. */
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
    const end = newlineFrom(chunk, at);
    if (end < 0) {
      this.holdLine(chunk.subarray(at));
      return chunk.length;
    }
    if (this.line !== undefined) {
      const joined = Buffer.concat([this.line, chunk.subarray(at, end)]);
      this.line = undefined;
      this.processLine(joined, 0, joined.length);
    } else {
      this.processLine(chunk, at, end);
    }
    return end + 1;
  }

  private holdLine(rest: Buffer): void {
    const line = this.line !== undefined ? Buffer.concat([this.line, rest]) : Buffer.from(rest);
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
    const { count } = this.args.read(buffer, from, end);
    if (count !== 2 && count !== 3) {
      this.refuse('badArguments');
      return;
    }
    this.subject = this.args.text(0);
    this.reply = count === 3 ? this.args.text(1) : undefined;
    this.expectPayload(0, this.args.size(count - 1));
  }

  private processHeaderPub(buffer: Buffer, from: number, end: number): void {
    if (!this.handler.headersAllowed) {
      this.refuse('headersNotSupported');
      return;
    }
    const { count } = this.args.read(buffer, from, end);
    if (count !== 3 && count !== 4) {
      this.refuse('badArguments');
      return;
    }
    this.subject = this.args.text(0);
    this.reply = count === 4 ? this.args.text(1) : undefined;
    const headerBytes = this.args.size(count - 2);
    const totalBytes = this.args.size(count - 1);
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
    if (this.payload === undefined && chunk.length - at >= wanted) {
      this.finishPayload(chunk, at);
      return at + wanted;
    }
    this.payload ??= Buffer.allocUnsafe(wanted);
    const copied = chunk.copy(this.payload, this.payloadFilled, at, at + wanted - this.payloadFilled);
    this.payloadFilled += copied;
    if (this.payloadFilled === wanted) this.finishPayload(this.payload, 0);
    return at + copied;
  }

  private finishPayload(buffer: Buffer, start: number): void {
    const end = start + this.payloadBytes;
    this.payload = undefined;
    this.payloadFilled = 0;
    this.payloadBytes = -1;
    if (buffer[end] !== carriageReturn || buffer[end + 1] !== newline) {
      this.refuse('unknownOperation');
      return;
    }
    this.handler.publish(this.subject, this.reply, buffer.subarray(start, end), this.headerBytes);
  }

  private processSub(buffer: Buffer, from: number, end: number): void {
    const { count } = this.args.read(buffer, from, end);
    if (count !== 2 && count !== 3) {
      this.refuse('badArguments');
      return;
    }
    const queue = count === 3 ? this.args.text(1) : undefined;
    this.handler.subscribe(this.args.text(0), queue, this.args.text(count - 1));
  }

  private processUnsub(buffer: Buffer, from: number, end: number): void {
    const { count } = this.args.read(buffer, from, end);
    if (count !== 1 && count !== 2) {
      this.refuse('badArguments');
      return;
    }
    const max = count === 2 ? this.args.size(1) : undefined;
    this.handler.unsubscribe(this.args.text(0), max === undefined || max <= 0 ? undefined : max);
  }

  private refuse(kind: Violation): void {
    this.stop();
    this.handler.violation(kind);
  }
}

/** Control lines are short: a loop is through one before a native call has begun. */
function newlineFrom(chunk: Buffer, at: number): number {
  for (let i = at; i < chunk.length; i += 1) if (chunk[i] === newline) return i;
  return -1;
}
