import type { PublishAttemptDone, PublishAttemptError } from '../../core/driver/driver.js';
import { PublishRefusedError } from '../../core/errors/publish-refused.error.js';
import type { StanError } from '../../core/errors/stan.error.js';
import { JetStreamApiError } from './jetstream-api.js';
import type { InboundMessage } from './inbound-messages.js';
import type { JetStreamStreams } from './jetstream-streams.js';
import type { JetStreamWire } from './jetstream-wire.js';
import { rawHeaders } from './nats-client.js';
import type { NatsConnection, NatsMessage } from './nats-client.js';

/** One attempt whose ack has not come. */
interface Attempt {
  readonly subject: string;
  readonly messageId: string;
  readonly done: PublishAttemptDone;
}

interface Publish extends Attempt {
  readonly data: Uint8Array;
  readonly headerText: string;
}

/** What the server answers to a publish. */
interface PubAck {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly code?: number; readonly err_code?: number; readonly description?: string };
}

/** What `HPUB` takes beside data and our own header text, the id at its longest. */
const headerOverheadBytes = 80;
const ownHeaderBytes = 'Stan-Headers: \r\n'.length;

const zero = 0x30;
const closingBrace = 0x7d;
const ackStart = Buffer.from('{"stream":"');
const sequenceName = Buffer.from('"seq":');
/** So many subjects' commands are remembered; a user may make up subjects without end. */
const maxRememberedSubjects = 1_000;

/** The name under which an event's headers travel, in their text form. */
export const headersName = 'Stan-Headers';

/** Publishes over the core connection: one reply inbox for all acks, no timer and no promise per event. */
export class JetStreamPublisher {
  private readonly open = new Map<number, Attempt>();
  private readonly waiting = new Map<string, Publish[]>();
  /** What a publish begins with, up to its reply's number, by subject; with a character per byte. */
  private readonly commands = new Map<string, string>();
  private replyCount = 0;
  private wire: JetStreamWire | undefined;

  /** `inbox` ends with a dot; `idPrefix` makes the ids of this process unique. */
  constructor(
    private readonly streams: JetStreamStreams,
    private readonly connection: () => NatsConnection | undefined,
    private readonly inbox: string,
    private readonly idPrefix: string,
  ) {}

  /** Most bytes of data that fit where the server takes `limitBytes`. */
  static maxDataBytes(limitBytes: number, headerBytes: number): number {
    return limitBytes - headerOverheadBytes - (headerBytes === 0 ? 0 : ownHeaderBytes + headerBytes);
  }

  /** See the port's `publish`; call it only while connected. */
  publish(subject: string, data: Uint8Array, done: PublishAttemptDone, headerText: string, id: number): void {
    const publish = { subject, data, done, headerText, messageId: `${this.idPrefix}.${String(id)}` };
    const behind = this.waiting.get(subject);
    if (behind !== undefined) behind.push(publish);
    else if (this.streams.isKnown(subject)) this.send(publish);
    else this.sendOnceThereIsAStream(publish);
  }

  /** From now on publishes leave by it, where it takes them. */
  use(wire: JetStreamWire): void {
    this.wire = wire;
  }

  /** Takes a plain ack straight from the bytes; returns false for anything else, which is rare and is parsed. */
  onPlainAck({ bytes, subjectFrom, subjectTo, headersFrom, dataFrom, dataTo }: InboundMessage): boolean {
    if (headersFrom !== dataFrom || !isPlainAck(bytes, dataFrom, dataTo)) return false;
    const key = readNumber(bytes, subjectFrom + this.inbox.length, subjectTo);
    const attempt = this.open.get(key);
    if (attempt === undefined) return true;
    this.open.delete(key);
    attempt.done(undefined, attempt.messageId);
    return true;
  }

  /** Takes what comes to the inbox. */
  onAnswer(message: NatsMessage): void {
    const key = Number(message.subject.slice(this.inbox.length));
    const attempt = this.open.get(key);
    if (attempt === undefined) return;
    this.open.delete(key);
    const ack = readAck(message);
    if (ack?.error === undefined && ack?.seq !== undefined) {
      attempt.done(undefined, attempt.messageId, ack.duplicate);
      return;
    }
    if (ack === undefined) this.streams.forget(attempt.subject);
    attempt.done(toRefusal(attempt.subject, ack), attempt.messageId);
  }

  /** Reports every attempt without an answer, in order of sending: none will come. */
  failAll(cause: StanError): void {
    const [sent, unsent] = [[...this.open.values()], [...this.waiting.values()].flat()];
    this.open.clear();
    this.waiting.clear();
    for (const { done, messageId } of sent) done({ outcome: 'unknown', cause }, messageId);
    for (const { done, messageId } of unsent) done({ outcome: 'not-sent', cause }, messageId);
  }

  private sendOnceThereIsAStream(first: Publish): void {
    const { subject } = first;
    const publishes = [first];
    this.waiting.set(subject, publishes);
    const settle = (each: (publish: Publish) => void): void => {
      // Gone where the connection was lost meanwhile: all of them were reported.
      if (this.waiting.get(subject) !== publishes) return;
      this.waiting.delete(subject);
      publishes.forEach(each);
    };
    this.streams.ensure(subject).then(
      () => settle((publish) => this.send(publish)),
      (error: unknown) => settle(({ done, messageId }) => done(toStreamRefusal(subject, error), messageId)),
    );
  }

  private commandOf(subject: string): string {
    const known = this.commands.get(subject);
    if (known !== undefined) return known;
    if (this.commands.size >= maxRememberedSubjects) this.commands.clear();
    const command = Buffer.from(`HPUB ${subject} ${this.inbox}`).toString('latin1');
    this.commands.set(subject, command);
    return command;
  }

  private send(publish: Publish): void {
    const { subject, data, done, headerText, messageId } = publish;
    this.replyCount += 1;
    const key = this.replyCount;
    this.open.set(key, publish);
    const own = headerText === '' ? '' : `${headersName}: ${headerText}\r\n`;
    const headers = `NATS/1.0\r\nNats-Msg-Id: ${messageId}\r\n${own}\r\n`;
    if (this.wire?.publish(`${this.commandOf(subject)}${String(key)} `, headers, data) === true) return;
    try {
      this.connection()?.publish(subject, data, { reply: this.inbox + String(key), headers: rawHeaders(headers) });
    } catch (error) {
      // The connection has just gone; what comes of it is an event.
      this.open.delete(key);
      const reason = error instanceof Error ? error.message : String(error);
      const cause = new PublishRefusedError(subject, reason, { retryable: true });
      queueMicrotask(() => done({ outcome: 'not-sent', cause }, messageId));
    }
  }
}

/**
 * Whether the answer says that the event was stored, and nothing else: `{"stream":"…", "seq":7}`, where no name can have a
 * quotation mark.
 * Source: nats-server 2.15.2 server/stream.go (PubAck, and pubAck made by hand in processJetStreamMsg).
 */
function isPlainAck(bytes: Uint8Array, from: number, to: number): boolean {
  let at = to - 1;
  if (bytes[at] !== closingBrace) return false;
  const digitsTo = at;
  while (at > from && isDigit(bytes[at - 1])) at -= 1;
  if (at === digitsTo) return false;
  for (let index = sequenceName.length - 1; index >= 0; index -= 1)
    if (bytes[--at] !== sequenceName[index]) return false;
  for (let index = 0; index < ackStart.length; index += 1) if (bytes[from + index] !== ackStart[index]) return false;
  return true;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zero && byte <= zero + 9;
}

/** The number in a range of digits. */
function readNumber(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) value = value * 10 + (bytes[at] ?? 0) - zero;
  return value;
}

/** `undefined` where nobody was there to store it. */
function readAck(message: NatsMessage): PubAck | undefined {
  const { data } = message;
  if (data.length === 0) return undefined;
  try {
    return message.json<PubAck>();
  } catch {
    return { error: { code: 500, description: 'an answer that is not JSON' } };
  }
}

function toRefusal(subject: string, ack: PubAck | undefined): PublishAttemptError {
  if (ack === undefined) {
    const cause = new PublishRefusedError(subject, 'no stream accepts it at the moment', { retryable: true });
    return { outcome: 'refused', cause };
  }
  const { code = 500, err_code: errorCode, description = 'an answer without a sequence' } = ack.error ?? {};
  // 409: the same event is on its way into the stream already, by an earlier attempt.
  const isUnderWay = code === 409;
  const retryable = isUnderWay || new JetStreamApiError(description, code, errorCode).isPassing;
  const isStoreLimit = /maximum|resource limits|insufficient/.test(description);
  const cause = new PublishRefusedError(subject, description, {
    retryable: retryable && !isStoreLimit,
    mayBeStored: isUnderWay,
  });
  return { outcome: isUnderWay ? 'unknown' : 'refused', cause };
}

function toStreamRefusal(subject: string, error: unknown): PublishAttemptError {
  const reason = error instanceof Error ? error.message : String(error);
  const retryable = !(error instanceof JetStreamApiError) || error.isPassing;
  // The event itself never left.
  return { outcome: 'not-sent', cause: new PublishRefusedError(subject, reason, { retryable }) };
}
