import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

import type { BrokerAuth } from '../options/stan-broker.options.js';
import type { Clock, ClockTimer } from '../clock/clock.js';
import { isAuthorized } from './authorization.js';
import type { Bus, BusMessage } from './bus.js';
import { parseConnectOptions, unconnectedOptions, type ConnectOptions } from './connect-options.js';
import { ConnectionSubscription } from './connection-subscription.js';
import { errorTexts } from './error-texts.js';
import { noTraffic, type ConnectionFacts, type Traffic } from './nats-facts.js';
import { Outbound } from './outbound.js';
import { NatsParser, type ParserHandler, type Violation } from './parser.js';
import { PingWatch } from './ping-watch.js';
import { isValidLiteralSubject, isValidSubject } from './subject.js';

/** Why a connection is cut that does not take what it is sent. @internal */
export const slowConsumer = 'slow consumer';

/** What every connection of a server shares. */
export interface ConnectionContext {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly auth: BrokerAuth | undefined;
  readonly maxPayloadBytes: number;
  readonly maxPendingBytes: number;
  readonly pingIntervalMs: number;
  readonly maxPingsOut: number;
  readonly authTimeoutMs: number;
  /** Asks for one `flush()` soon; may be called any number of times before it. */
  scheduleFlush(connection: NatsConnection): void;
  /** Called once, when the connection is over. */
  closed(connection: NatsConnection, reason: string, traffic: Readonly<Traffic>): void;
  /** Told that bytes moved, in either direction. */
  active(): void;
}

/**
 * One client connection of the NATS server, over any duplex stream.
 * @internal
 */
export class NatsConnection implements ParserHandler {
  readonly maxPayloadBytes: number;
  options: ConnectOptions = unconnectedOptions;
  /** Belongs to the server: true while a flush of this connection is on its way. */
  isScheduled = false;
  private connected = false;
  private readonly parser = new NatsParser(this);
  private readonly outbound: Outbound;
  private readonly subscriptions = new Map<string, ConnectionSubscription>();
  private readonly pings: PingWatch;
  private readonly startedMs: number;
  private readonly traffic = noTraffic();
  private authTimer: ClockTimer | undefined;
  private isClosed = false;
  private held = false;

  constructor(
    readonly id: number,
    private readonly stream: Duplex,
    private readonly context: ConnectionContext,
  ) {
    this.maxPayloadBytes = context.maxPayloadBytes;
    this.startedMs = context.clock.nowMs();
    this.outbound = new Outbound(stream);
    this.pings = new PingWatch(context, {
      ping: () => this.send('PING\r\n'),
      stale: () => this.refuse(errorTexts.staleConnection),
    });
    // Listeners first: a stream may fail on the first write.
    stream.on('error', (error) => this.end(error.message));
    stream.on('close', () => this.end('client closed'));
    stream.on('end', () => this.end('client closed'));
  }

  get mayOperate(): boolean {
    return this.connected || this.context.auth === undefined;
  }

  get headersAllowed(): boolean {
    return this.options.headers;
  }

  get awaitsPong(): boolean {
    return this.pings.awaitsPong && !this.isClosed;
  }

  /** For the monitoring pages. */
  get facts(): ConnectionFacts {
    const { stream } = this;
    return {
      id: this.id,
      ...(stream instanceof Socket
        ? { address: stream.remoteAddress ?? '', port: stream.remotePort ?? 0 }
        : { address: '', port: 0 }),
      startedMs: this.startedMs,
      lastActiveMs: this.pings.lastActive,
      pendingBytes: this.outbound.pendingBytes,
      traffic: this.traffic,
      options: this.options,
      subscriptions: [...this.subscriptions.values()].map((subscription) => subscription.facts),
      tls:
        stream instanceof TLSSocket
          ? { protocol: stream.getProtocol(), cipher: stream.getCipher().standardName }
          : undefined,
    };
  }

  /** Begins to read; greets the client with `info` where that has not been done before. */
  start(info: string | undefined): void {
    if (info !== undefined) this.send(`INFO ${info}\r\n`);
    this.stream.on('data', (chunk: Buffer | string) => this.receive(chunk));
    this.pings.start();
    if (this.context.auth === undefined) return;
    this.authTimer = this.context.clock.after(this.context.authTimeoutMs, () => {
      if (!this.connected) this.refuse(errorTexts.authenticationTimeout);
    });
  }

  private receive(chunk: Buffer | string): void {
    this.context.active();
    this.pings.sawActivity();
    this.parser.parse(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  }

  connect(json: string): void {
    const options = parseConnectOptions(json, this.options);
    if (!options) {
      this.close('CONNECT is no JSON object');
      return;
    }
    if (this.context.auth && !isAuthorized(this.context.auth, options)) {
      this.refuse(errorTexts.authorizationViolation);
      return;
    }
    this.options = options;
    if (options.protocol < 0 || options.protocol > 1) {
      this.refuse(errorTexts.badClientProtocol);
      return;
    }
    if (options.noResponders && !options.headers) {
      this.refuse(errorTexts.noRespondersWithoutHeaders);
      return;
    }
    this.connected = true;
    this.authTimer?.cancel();
    this.ok();
  }

  publish(subject: string, reply: string | undefined, payload: Buffer, headerBytes: number): void {
    this.traffic.inMessages++;
    this.traffic.inBytes += payload.length;
    if (this.options.pedantic && !isValidLiteralSubject(subject)) this.error(errorTexts.invalidPublishSubject);
    this.ok();
    const message: BusMessage = { subject, reply, payload, headerBytes };
    const delivered = this.context.bus.publish(message, this.options.echo ? undefined : this);
    if (delivered === 0 && reply !== undefined && this.options.noResponders) this.reportNoResponders(reply);
  }

  private reportNoResponders(reply: string): void {
    const status = Buffer.from('NATS/1.0 503\r\n\r\n');
    const message: BusMessage = { subject: reply, reply: undefined, payload: status, headerBytes: status.length };
    for (const subscription of this.subscriptions.values()) {
      if (subscription.subject === reply || subscription.matches(reply)) {
        subscription.deliver(message);
        return;
      }
    }
  }

  subscribe(subject: string, queue: string | undefined, sid: string): void {
    if (!isValidSubject(subject)) {
      this.error(errorTexts.invalidSubject);
      return;
    }
    if (!this.subscriptions.has(sid)) {
      const subscription = new ConnectionSubscription(this, subject, queue, sid);
      this.subscriptions.set(sid, subscription);
      this.context.bus.subscribe(subscription);
    }
    this.ok();
  }

  unsubscribe(sid: string, maxMessages: number | undefined): void {
    const subscription = this.subscriptions.get(sid);
    if (subscription) {
      subscription.limit(maxMessages);
      if (subscription.isSpent || maxMessages === undefined) this.remove(subscription);
    }
    this.ok();
  }

  remove(subscription: ConnectionSubscription): void {
    if (this.subscriptions.delete(subscription.sid)) this.context.bus.unsubscribe(subscription);
  }

  ping(): void {
    this.send('PONG\r\n');
  }

  pong(): void {
    this.pings.sawPong();
  }

  violation(kind: Violation): void {
    const text = violationTexts[kind];
    if (text === undefined) this.close(kind);
    else this.refuse(text);
  }

  /** Queues one MSG (or HMSG, where the message has headers that this client understands). */
  deliver(message: BusMessage, subscription: ConnectionSubscription): void {
    const { payload, headerBytes } = message;
    this.traffic.outMessages++;
    this.traffic.outBytes += payload.length;
    if (headerBytes > 0 && this.options.headers) {
      this.deliverWithHeaders(message, subscription.sid);
    } else {
      this.outbound.message(subscription.headOf(message), headerBytes > 0 ? payload.subarray(headerBytes) : payload);
    }
    if (this.outbound.isWorthFlushing) this.flush();
    else this.context.scheduleFlush(this);
  }

  private deliverWithHeaders(message: BusMessage, sid: string): void {
    const { subject, payload, headerBytes } = message;
    const reply = message.reply === undefined ? '' : `${message.reply} `;
    this.outbound.text(`HMSG ${subject} ${sid} ${reply}${headerBytes} ${payload.length}\r\n`);
    this.outbound.bytes(payload);
    this.outbound.text('\r\n');
  }

  flush(): void {
    if (this.held) return;
    if (this.outbound.pendingBytes > this.context.maxPendingBytes) {
      this.end(slowConsumer);
      this.stream.destroy();
      return;
    }
    this.outbound.flush();
    this.context.active();
  }

  /** Neither reads nor writes until `release()`; what arrives stays in the network. */
  hold(): void {
    this.held = true;
    this.stream.pause();
  }

  release(): void {
    this.held = false;
    if (this.isClosed) return;
    this.stream.resume();
    this.flush();
  }

  /** Ends the connection after what was queued has been sent. */
  close(reason: string): void {
    if (this.isClosed) return;
    this.outbound.flush();
    this.end(reason);
    // The peer may never read: the stream is destroyed when its last bytes are out, or at once where it cannot take them.
    this.stream.end(() => this.stream.destroy());
  }

  /** Ends the connection without a word, as a broken network does. */
  cut(): void {
    this.end('cut');
    this.stream.destroy();
  }

  /** Tells the client why, and ends the connection. */
  refuse(text: string): void {
    this.error(text);
    this.close(text);
  }

  private ok(): void {
    if (this.options.verbose) this.send('+OK\r\n');
  }

  private error(text: string): void {
    this.send(`-ERR '${text}'\r\n`);
  }

  private send(text: string): void {
    this.outbound.text(text);
    this.context.scheduleFlush(this);
  }

  private end(reason: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.parser.stop();
    this.pings.stop();
    this.authTimer?.cancel();
    for (const subscription of [...this.subscriptions.values()]) this.remove(subscription);
    this.context.closed(this, reason, this.traffic);
    // A half-closed peer: we are done as well.
    if (!this.stream.writableEnded && !this.stream.destroyed && reason === 'client closed') this.stream.end();
  }
}

/** No text: the server closes without one. */
const violationTexts: Readonly<Record<Violation, string | undefined>> = {
  unknownOperation: errorTexts.unknownOperation,
  controlLine: errorTexts.maximumControlLine,
  payload: errorTexts.maximumPayload,
  unauthorized: errorTexts.authorizationViolation,
  badArguments: undefined,
  headersNotSupported: undefined,
};
