import { EventEmitter, getEventListeners } from 'node:events';

import { resolveConnectionOptions } from '../../../../lib/core/options/index.js';
import type { ResolvedConnectionOptions, StanConnectionOptions } from '../../../../lib/core/options/index.js';
import type { DriverSubscriptionRequest, PublishAttemptError } from '../../../../lib/core/driver/driver.js';
import { stanOptionNames } from '../../../../lib/drivers/stan/stan-option-names.js';
import { StanSession } from '../../../../lib/drivers/stan/stan-session.js';
import { FakeClock } from '../../../support/fake-clock.js';

/** A subscription with nothing special about it. */
export const plainRequest: DriverSubscriptionRequest = {
  subject: 'orders',
  queueGroup: undefined,
  durableName: undefined,
  startAt: 'first',
  ackWaitMs: 30_000,
  maxInFlight: 100,
  manualAck: true,
  resumeAt: () => 'first',
};

/** The vendor's NATS client, with nobody at the other end: a test says what comes. */
export class ScriptedNats extends EventEmitter {
  info: { server_id?: string; max_payload?: number } | null = { server_id: 'server-1', max_payload: 1_048_576 };
  closed = false;
  inbound: Buffer | null = null;
  pstate = 0;
  url = {};
  stream: object | null = { writableLength: 0, write: (bytes: Buffer) => this.written.push(bytes.toString('latin1')) };
  readonly options = {};
  readonly currentServer = { url: new URL('nats://127.0.0.1:4222') };
  readonly written: string[] = [];
  /** Requests that wait for an answer: those of pings. */
  readonly requests: { readonly timeoutMs: number; readonly answer: (reply: unknown) => void }[] = [];
  closeCount = 0;

  requestOne(...[, , , timeoutMs, answer]: [string, Buffer, object, number, (reply: unknown) => void]): void {
    this.requests.push({ timeoutMs, answer });
  }

  /** Answers the oldest request. */
  answer(reply: unknown): void {
    this.requests.shift()?.answer(reply);
  }

  /** A message comes for the subscription with this number. */
  receive(sid: number, payload: Buffer): void {
    this.inbound = Buffer.concat([Buffer.from(`MSG _INBOX.x ${String(sid)} ${String(payload.length)}\r\n`), payload]);
    this.inbound = Buffer.concat([this.inbound, Buffer.from('\r\n')]);
    this.processInbound();
  }

  processInbound(): void {
    this.inbound = null;
  }

  sendCommand(): void {}
  flushPending(): void {}
  createConnection(): void {}
  selectServer(): object {
    return this.currentServer;
  }

  close(): void {
    this.closed = true;
    this.closeCount += 1;
  }
}

/** A subscription as the vendor makes it, until the test lets the server answer. */
export class ScriptedSubscription extends EventEmitter {
  ackInbox: string | undefined = '_STAN.acks';
  closeCount = 0;

  constructor(
    readonly inboxSub: number,
    readonly subject: string,
    readonly queueGroup: string | undefined,
    readonly options: Record<string, unknown>,
  ) {
    super();
  }

  close(): void {
    this.closeCount += 1;
  }
}

/** Keeps what its setters are given, by their names. */
function vendorOptions(): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  return new Proxy(given, {
    get: (_, name: string | symbol) =>
      typeof name === 'string' && name.startsWith('set')
        ? function (this: unknown, value: unknown = true) {
            given[name.slice(3)] = value;
            return this;
          }
        : given[String(name)],
  });
}

/** The vendor's client; it has connected once the test emits `connect`. */
export class ScriptedClient extends EventEmitter {
  nc: ScriptedNats | undefined = new ScriptedNats();
  pubPrefix: string | undefined = '_STAN.pub.x';
  ackSubject = '_STAN.acks.y';
  connId = Buffer.alloc(22, 'c');
  pingRequests: string | undefined = '_STAN.pings';
  pingBytes: Buffer | undefined = Buffer.from('id');
  pingTimer: object = {};
  ackSubscription: number | undefined = 1;
  readonly subscriptions: ScriptedSubscription[] = [];
  readonly ends: string[] = [];
  closeCount = 0;

  removeAck(): undefined {
    return undefined;
  }

  processMsg(): unknown {
    return undefined;
  }

  subscriptionOptions(): Record<string, unknown> {
    return vendorOptions();
  }

  subscribe(subject: string, groupOrOptions: unknown, options?: Record<string, unknown>): ScriptedSubscription {
    const group = typeof groupOrOptions === 'string' ? groupOrOptions : undefined;
    const given = options ?? (groupOrOptions as Record<string, unknown>);
    const made = new ScriptedSubscription(10 + this.subscriptions.length, subject, group, given);
    this.subscriptions.push(made);
    return made;
  }

  closeWithError(event: string): void {
    this.ends.push(event);
  }

  close(): void {
    this.closeCount += 1;
  }
}

interface Told {
  readonly what: string;
  readonly error?: Error;
}

/** A session over a scripted client, with a clock that stands still. */
export class SessionScene {
  readonly client = new ScriptedClient();
  readonly clock: FakeClock;
  readonly told: Told[] = [];
  readonly session: StanSession;
  readonly options: ResolvedConnectionOptions;
  private readonly aborting = new AbortController();

  constructor({
    options = {},
    possibleRestartCount = 0,
    clock = new FakeClock(),
    vendorConnect,
  }: {
    readonly options?: Partial<StanConnectionOptions>;
    readonly possibleRestartCount?: number;
    readonly clock?: FakeClock;
    readonly vendorConnect?: () => unknown;
  } = {}) {
    this.clock = clock;
    this.options = resolveConnectionOptions(
      {
        clusterId: 'test-cluster',
        clientId: 'orders',
        servers: ['nats://127.0.0.1:4222', 'nats://127.0.0.1:4223'],
        connectTimeoutMs: 300,
        pingIntervalMs: 5_000,
        maxPingsOut: 2,
        ...options,
      },
      stanOptionNames,
    );
    const note = (what: string) => (error?: unknown) => {
      this.told.push(error instanceof Error ? { what, error } : { what });
    };
    this.session = new StanSession(
      this.options,
      {
        onTransportLost: note('transportLost'),
        onTransportRestored: note('transportRestored'),
        onSilent: note('silent'),
        onAnswered: (silentMs) => note(`answered after ${String(silentMs)}`)(),
        onLost: (error, forgotten) => note(forgotten ? 'forgotten' : 'lost')(error),
        onWarning: note('warning'),
      },
      { possibleRestartCount, clock, vendorConnect: vendorConnect ?? (() => this.client) },
    );
  }

  /** A session that has been opened. */
  static async opened(setup: ConstructorParameters<typeof SessionScene>[0] = {}): Promise<SessionScene> {
    const scene = new SessionScene(setup);
    const opening = scene.open();
    scene.client.emit('connect');
    await opening;
    return scene;
  }

  get nats(): ScriptedNats {
    const { nc } = this.client;
    if (nc === undefined) throw new Error('the client has no connection');
    return nc;
  }

  get whatWasTold(): string[] {
    return this.told.map(({ what }) => what);
  }

  open(attempt = 1): Promise<void> {
    return this.session.open(attempt, this.aborting.signal);
  }

  abort(): void {
    this.aborting.abort();
  }

  /** Who still waits for the abort. */
  abortListenerCount(): number {
    return getEventListeners(this.aborting.signal, 'abort').length;
  }

  publish(): { outcome: 'open' | 'stored' | PublishAttemptError['outcome']; cause: Error | undefined } {
    const attempt: ReturnType<SessionScene['publish']> = { outcome: 'open', cause: undefined };
    this.session.publish(
      'orders',
      Buffer.from('{}'),
      (error) => Object.assign(attempt, { outcome: error?.outcome ?? 'stored', cause: error?.cause }),
      '',
    );
    return attempt;
  }
}
