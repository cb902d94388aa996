import type { DriverMessage, DriverSubscription, DriverSubscriptionRequest } from '../../core/driver/driver.js';
import { CloseTimeoutError } from '../../core/errors/close-timeout.error.js';
import { MalformedMessageError } from '../../core/errors/malformed-message.error.js';
import { NotConnectedError } from '../../core/errors/not-connected.error.js';
import { SessionLostError } from '../../core/errors/session-lost.error.js';
import { StanClosedError } from '../../core/errors/stan-closed.error.js';
import { SubscribeFailedError } from '../../core/errors/subscribe-failed.error.js';
import { SubscribeTimeoutError } from '../../core/errors/subscribe-timeout.error.js';
import type { StanError } from '../../core/errors/stan.error.js';
import type { ResolvedConnectionOptions } from '../../core/options/connection-options.js';
import type { StartAt } from '../../core/options/subscription-options.js';
import { AckEncoder } from './ack-message.js';
import type { MessageReceiver } from './inbound-messages.js';
import { MsgProto } from './msg-proto.js';
import { isDuplicateDurable, isUnknownClient, textOf, toErrorOptions } from './stan-error-mapping.js';
import { StanDriverMessage } from './stan-message.js';
import type { MessageOrigin } from './stan-message.js';
import type { StanSession } from './stan-session.js';
import { findUnusable } from './vendor-internals.js';
import type { StanSubscriptionObject } from './vendor-internals.js';

/** The server still holds this durable for a session of ours; it will let go. */
export class DurableStillHeldError extends SubscribeFailedError {
  override readonly retryable = true;
}

/** One subscription in one session. Dead with its session, or once closed. */
class Attachment implements MessageOrigin {
  private closed = false;
  /** True once the server has confirmed it. */
  isReady = false;
  /** Acks of messages that came before the confirmation: a server sends the two over connections of its own. */
  private early: number[] = [];
  /** Settles with the server's answer. */
  confirmed: Promise<void> = Promise.resolve();

  private acks: AckEncoder | undefined;

  constructor(
    readonly session: StanSession,
    readonly native: StanSubscriptionObject,
    readonly subject: string,
  ) {}

  isLive(): boolean {
    return !this.closed && this.session.isAlive();
  }

  /** Takes no message and sends no ack from now on. */
  end(): void {
    this.closed = true;
    this.session.stopReceiving(this.native.inboxSub);
  }

  /** The server has confirmed it, and named the inbox of its acks. */
  confirm(): void {
    this.isReady = true;
    const { early } = this;
    this.early = [];
    for (const sequence of early) this.sendAck(sequence);
  }

  sendAck(sequence: number): boolean {
    if (!this.isLive()) return false;
    if (!this.isReady && this.native.ackInbox === undefined) {
      // As many as the server lets out at most. Dropped, they would come again after ack wait.
      this.early.push(sequence);
      return true;
    }
    this.acks ??= this.makeEncoder();
    const commands = this.session.outbound();
    if (this.acks === undefined || commands === undefined) return false;
    this.acks.send(commands, sequence);
    return true;
  }

  /** The server names the ack inbox with its confirmation. */
  private makeEncoder(): AckEncoder | undefined {
    const { ackInbox } = this.native;
    return ackInbox === undefined ? undefined : new AckEncoder(ackInbox, this.subject);
  }
}

/** A subscription that lives across sessions: attached again to each. */
export class StanSubscription implements DriverSubscription {
  private attachment: Attachment | undefined;
  private closing: Promise<void> | undefined;
  /** The last session in which it was confirmed. */
  private lastSession: StanSession | undefined;

  constructor(
    readonly request: DriverSubscriptionRequest,
    private readonly onMessage: (message: DriverMessage) => void,
    private readonly options: ResolvedConnectionOptions,
    private readonly onClosed: (subscription: StanSubscription, problem: StanError | undefined) => void,
  ) {}

  isClosed(): boolean {
    return this.closing !== undefined;
  }

  isAttachedTo(session: StanSession): boolean {
    const attachment = this.attachment;
    return attachment?.session === session && attachment.isLive() && attachment.isReady;
  }

  /**
   * Subscribes in this session; one attempt, shared by concurrent callers. A request without an answer may have been
   * carried out, and nothing can close what has no ack inbox: then the whole session is given up, which frees it at the
   * server.
   */
  attach(session: StanSession): Promise<void> {
    const current = this.attachment;
    if (current?.session === session && current.isLive()) return current.confirmed;
    const receiver: MessageReceiver = (bytes, from, to) => {
      this.receive(attachment, bytes, from, to);
      return true;
    };
    const native = session.subscribe(this.request, this.startIn(session), receiver);
    if (native === undefined) return Promise.reject(new NotConnectedError('subscribe'));
    const attachment = new Attachment(session, native, this.request.subject);
    this.attachment = attachment;
    attachment.confirmed = this.confirmation(attachment);
    return attachment.confirmed;
  }

  close(): Promise<void> {
    this.closing ??= this.detach().then((problem) => this.onClosed(this, problem));
    return this.closing;
  }

  /** Closes it with its session: closing the session also releases a subscription that the server has not confirmed. */
  closeWithSession(): Promise<void> {
    if (this.attachment?.isReady !== true) this.attachment?.end();
    return this.close();
  }

  private receive(attachment: Attachment, bytes: Buffer, from: number, to: number): void {
    if (!attachment.isLive()) return;
    let message: StanDriverMessage;
    try {
      message = new StanDriverMessage(new MsgProto(bytes, from, to), attachment);
    } catch (error) {
      attachment.session.warn(new MalformedMessageError(attachment.subject, textOf(error), toErrorOptions(error)));
      return;
    }
    this.onMessage(message);
    if (!this.request.manualAck) message.ack();
  }

  /**
   * Compares with the session it was last made in, not with the one before this: there may have been sessions between
   * them that died before it was made.
   */
  private startIn(session: StanSession): StartAt {
    const { lastSession, request } = this;
    return lastSession === undefined ? request.startAt : request.resumeAt(!session.isAtSameServerAs(lastSession));
  }

  private confirmation(attachment: Attachment): Promise<void> {
    const { session, native } = attachment;
    const { subject } = this.request;
    return new Promise((resolve, reject) => {
      // The vendor forgets the requests of a connection that it closes: none of the events below would ever come.
      void session.over.then((reason) =>
        reject(reason instanceof StanClosedError ? new StanClosedError('subscribe') : reason),
      );
      native.on('ready', () => {
        const problem = findUnusable(native);
        if (problem !== undefined) {
          attachment.end();
          reject(problem);
          return;
        }
        this.lastSession = session;
        attachment.confirm();
        resolve();
      });
      native.on('timeout', (error: unknown) => {
        // After the confirmation it belongs to a close request, which says so itself and costs no session.
        if (attachment.isReady) return;
        const timeout = new SubscribeTimeoutError(subject, this.options.connectTimeoutMs, toErrorOptions(error));
        attachment.end();
        reject(timeout);
        session.fail(timeout);
      });
      native.on('error', (error: unknown) => {
        // After the confirmation it belongs to a close request, which says so itself.
        if (attachment.isReady) return;
        attachment.end();
        reject(this.toSubscribeError(error));
        if (isUnknownClient(error)) {
          session.fail(new SessionLostError(this.options.clientId, 'the server no longer knows this client'), true);
        }
      });
    });
  }

  private toSubscribeError(error: unknown): StanError {
    const { subject } = this.request;
    const text = textOf(error);
    if (isDuplicateDurable(error)) return new DurableStillHeldError(subject, text, toErrorOptions(error));
    if (isUnknownClient(error)) return new SessionLostError(this.options.clientId, text, toErrorOptions(error));
    return new SubscribeFailedError(subject, text, toErrorOptions(error));
  }

  private async detach(): Promise<StanError | undefined> {
    const attachment = this.attachment;
    if (attachment === undefined || !attachment.isLive()) return undefined;
    attachment.end();
    // Nothing can close what has no ack inbox yet: it would stay on the server, and take events that nobody handles.
    if (!attachment.isReady) await attachment.confirmed.catch(() => undefined);
    // Without a transport the session itself says that its goodbye could not be said.
    if (!attachment.isReady || !attachment.session.isReady()) return undefined;
    return this.requestClose(attachment);
  }

  private requestClose({ native, session }: Attachment): Promise<StanError | undefined> {
    const timeoutMs = this.options.connectTimeoutMs;
    const what = `the subscription to "${this.request.subject}"`;
    return new Promise((resolve) => {
      const fail = (error: unknown): void => finish(new CloseTimeoutError(what, timeoutMs, toErrorOptions(error)));
      const cancelTimeout = session.clock.after(timeoutMs + 100, () => fail(undefined));
      const finish = (problem: StanError | undefined): void => {
        cancelTimeout();
        resolve(problem);
      };
      native.on('closed', () => finish(undefined));
      native.on('timeout', fail);
      native.on('error', fail);
      native.close();
    });
  }
}
