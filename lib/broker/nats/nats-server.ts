import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

import type { Clock } from '../clock/clock.js';
import type { BrokerAuth, BrokerLogger } from '../options/stan-broker.options.js';
import { Bus } from './bus.js';
import { errorTexts } from './error-texts.js';
import { NatsConnection, slowConsumer, type ConnectionContext } from './nats-connection.js';
import { addTraffic, noTraffic, type ConnectionFacts, type SubjectFacts, type Traffic } from './nats-facts.js';

/** The server inside nats-streaming-server 0.25.6. */
const followedNatsVersion = '2.9.24';

/** What the server is told once, at its start. */
export interface NatsServerSettings {
  readonly host: string;
  readonly auth: BrokerAuth | undefined;
  readonly tls: TlsOptions | undefined;
  readonly maxPayloadBytes: number;
  readonly maxPendingBytes: number;
  readonly maxConnections: number;
  readonly pingIntervalMs: number;
  readonly maxPingsOut: number;
  readonly authTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: BrokerLogger;
}

/** What can be told of the server. @internal */
export interface NatsServerFacts {
  readonly serverId: string;
  readonly version: string;
  readonly port: number;
  readonly settings: NatsServerSettings;
  readonly startedMs: number;
  readonly connections: readonly ConnectionFacts[];
  readonly totalConnections: number;
  readonly slowConsumers: number;
  readonly traffic: Readonly<Traffic>;
  readonly subjects: SubjectFacts;
}

/**
 * The NATS server inside the broker: connections come from its TCP port or from {@link NatsServer.handle}.
 * @internal
 */
export class NatsServer {
  readonly bus = new Bus();
  private readonly connections = new Set<NatsConnection>();
  private readonly streams = new Set<Duplex>();
  private readonly context: ConnectionContext;
  private dirty: NatsConnection[] = [];
  private listener: Server | undefined;
  private listeningPort = 0;
  private nextId = 1;
  private frozen = false;
  private readonly startedMs: number;
  /** Of connections that are over. */
  private readonly pastTraffic = noTraffic();
  private slowConsumers = 0;
  private accepted = 0;
  private waiting: { readonly stream: Duplex; readonly greet: boolean }[] = [];
  /** Counts bytes moved; a virtual clock waits until it stands still. */
  activity = 0;

  constructor(
    readonly serverId: string,
    private readonly settings: NatsServerSettings,
  ) {
    this.startedMs = settings.clock.nowMs();
    this.context = {
      ...settings,
      bus: this.bus,
      scheduleFlush: (connection) => this.scheduleFlush(connection),
      closed: (connection, reason, traffic) => this.forget(connection, reason, traffic),
      active: () => {
        this.activity++;
      },
    };
  }

  get port(): number {
    return this.listeningPort;
  }

  /** For the monitoring pages. */
  get facts(): NatsServerFacts {
    const { serverId, settings, startedMs, slowConsumers } = this;
    const connections = [...this.connections].map((connection) => connection.facts);
    const traffic = { ...this.pastTraffic };
    for (const connection of connections) addTraffic(traffic, connection.traffic);
    return {
      serverId,
      version: followedNatsVersion,
      port: this.port,
      settings,
      startedMs,
      connections,
      totalConnections: this.accepted,
      slowConsumers,
      traffic,
      subjects: this.bus.facts,
    };
  }

  get awaitsPong(): boolean {
    for (const connection of this.connections) if (connection.awaitsPong) return true;
    return false;
  }

  /** Begins to accept TCP connections; rejects with the system's error where it cannot. */
  async listen(port: number): Promise<void> {
    const listener = createServer({ noDelay: true, pauseOnConnect: this.settings.tls !== undefined }, (socket) =>
      this.accept(socket),
    );
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(port, this.settings.host, () => {
        listener.off('error', reject);
        resolve();
      });
    });
    listener.on('error', (error) => this.settings.logger.error(`listener: ${error.message}`));
    this.listener = listener;
    this.listeningPort = (listener.address() as AddressInfo).port;
  }

  /** Serves one connection over any duplex stream. */
  handle(stream: Duplex): void {
    this.serve(stream, true);
  }

  private serve(stream: Duplex, greet: boolean): void {
    this.streams.add(stream);
    stream.once('close', () => this.streams.delete(stream));
    if (this.frozen) {
      stream.on('error', (error) => this.settings.logger.debug(`connection failed: ${error.message}`));
      this.waiting.push({ stream, greet });
      return;
    }
    const connection = new NatsConnection(this.nextId++, stream, this.context);
    if (this.connections.size >= this.settings.maxConnections) {
      connection.start(greet ? this.info(connection.id) : undefined);
      connection.refuse(errorTexts.maximumConnections);
      return;
    }
    this.connections.add(connection);
    this.accepted++;
    this.settings.logger.debug(`connection ${connection.id} opened`);
    connection.start(greet ? this.info(connection.id) : undefined);
  }

  /** Ends every connection; those that come later are served. */
  cutConnections(): void {
    for (const connection of [...this.connections]) connection.cut();
    for (const stream of this.streams) stream.destroy();
    this.waiting = [];
  }

  /** Stops listening and ends every connection. Idempotent. */
  async close(): Promise<void> {
    const { listener } = this;
    this.listener = undefined;
    const closed = listener && new Promise<void>((resolve) => listener.close(() => resolve()));
    this.flushAll();
    this.cutConnections();
    await closed;
  }

  /** As SIGSTOP would: connections stay open, nothing is read, answered or sent. */
  freeze(): void {
    this.frozen = true;
    for (const connection of this.connections) connection.hold();
  }

  unfreeze(): void {
    this.frozen = false;
    for (const connection of [...this.connections]) connection.release();
    for (const { stream, greet } of this.waiting.splice(0)) if (!stream.destroyed) this.serve(stream, greet);
  }

  private accept(socket: Socket): void {
    if (!this.settings.tls) {
      this.handle(socket);
      return;
    }
    this.streams.add(socket);
    socket.once('close', () => this.streams.delete(socket));
    this.upgrade(socket, this.settings.tls);
  }

  /** NATS greets in plain text and only then speaks TLS. */
  private upgrade(socket: Socket, tls: TlsOptions): void {
    socket.on('error', (error) => this.settings.logger.debug(`TLS handshake: ${error.message}`));
    const timer = this.settings.clock.after(this.settings.authTimeoutMs, () => socket.destroy());
    socket.write(`INFO ${this.info(this.nextId)}\r\n`);
    socket.once('close', () => timer.cancel());
    // A server of `node:tls` checks the client's certificate as `requestCert` and `rejectUnauthorized` say; a TLSSocket does not.
    const handshake = createTlsServer(tls, (secure) => {
      timer.cancel();
      this.serve(secure, false);
    });
    handshake.on('tlsClientError', (error) => {
      this.settings.logger.debug(`TLS handshake: ${error.message}`);
      socket.destroy();
    });
    handshake.emit('connection', socket);
    socket.resume();
  }

  private info(clientId: number): string {
    const { host, auth, tls, maxPayloadBytes } = this.settings;
    return JSON.stringify({
      server_id: this.serverId,
      server_name: 'nestjs-stan',
      version: followedNatsVersion,
      proto: 1,
      host,
      port: this.listeningPort,
      headers: true,
      max_payload: maxPayloadBytes,
      client_id: clientId,
      ...(auth && { auth_required: true }),
      ...(tls && { tls_required: true }),
    });
  }

  private scheduleFlush(connection: NatsConnection): void {
    if (connection.isScheduled) return;
    connection.isScheduled = true;
    if (this.dirty.push(connection) === 1) process.nextTick(() => this.flushAll());
  }

  private flushAll(): void {
    const connections = this.dirty;
    this.dirty = [];
    for (const connection of connections) {
      connection.isScheduled = false;
      connection.flush();
    }
  }

  private forget(connection: NatsConnection, reason: string, traffic: Readonly<Traffic>): void {
    if (this.connections.delete(connection)) {
      addTraffic(this.pastTraffic, traffic);
      if (reason === slowConsumer) this.slowConsumers++;
      this.settings.logger.debug(`connection ${connection.id} closed: ${reason}`);
    }
  }
}
