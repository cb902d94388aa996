import { Random } from './random.js';
import { LONG_ACK_WAIT_SECS } from './trace.js';
import type { Profile, StartPoint, Step, SubscribeStep, Trace } from './trace.js';

const channels = ['a', 'b'];
const illegalChannels = ['a..b', 'a.*', 'a.>', '.a', 'a.'];
const clients = ['x', 'y', 'z'];

const weights = {
  connect: 6,
  publish: 22,
  subscribe: 20,
  ack: 22,
  ackNothing: 3,
  close: 9,
  unsubscribe: 5,
  cut: 2,
  reattach: 3,
  closeSession: 3,
  ping: 2,
  awaitRedelivery: 3,
  restart: 0,
  die: 0,
};
type StepName = keyof typeof weights;

const weightsOf: Readonly<Record<Profile, Readonly<Record<StepName, number>>>> = {
  plain: weights,
  limits: { ...weights, publish: 35, cut: 0 },
  heartbeats: { ...weights, cut: 0, reattach: 0, die: 5 },
  restart: { ...weights, cut: 1, restart: 8 },
};

/** Makes the trace of a seed. */
export function generateTrace(seed: number, profile: Profile): Trace {
  return { seed, profile, steps: new Generator(new Random(seed), profile).steps() };
}

class Generator {
  private readonly made: Step[] = [];
  private readonly open = new Map<string, string>();
  private readonly connected = new Set(['x', 'y']);
  private nextSub = 1;
  /** Who has subscribed to what, durably: what is closed should often be taken up again. */
  private readonly durables: Pick<SubscribeStep, 'client' | 'channel' | 'queueGroup' | 'durableName'>[] = [];
  private readonly batches = new Map<string, number>();
  private readonly published = new Map<string, number>();
  private waits = 0;

  constructor(
    private readonly random: Random,
    private readonly profile: Profile,
  ) {}

  steps(): readonly Step[] {
    this.made.push({ do: 'connect', client: 'x' }, { do: 'connect', client: 'y' });
    const length = this.random.integer(15, 50);
    while (this.made.length < length) this.addStep(this.random.weighted(weightsOf[this.profile]));
    return this.made;
  }

  private addStep(name: StepName): void {
    const client = this.pickClient(name);
    switch (name) {
      case 'connect':
      case 'reattach':
        this.connected.add(client);
        this.made.push({ do: name, client });
        break;
      case 'cut':
      case 'closeSession':
      case 'die':
        this.connected.delete(client);
        this.made.push({ do: name, client });
        break;
      case 'ping':
        this.made.push({ do: 'ping', client, connId: this.random.chance(0.7) ? 'own' : 'unknown' });
        break;
      case 'publish':
        this.made.push(this.publish(client));
        break;
      case 'subscribe':
        this.made.push(this.subscribe(client));
        break;
      case 'restart':
        this.made.push({ do: 'restart' });
        break;
      case 'awaitRedelivery':
        if (this.waits++ < 2) this.made.push({ do: 'awaitRedelivery' });
        break;
      case 'ack':
      case 'ackNothing':
      case 'close':
      case 'unsubscribe':
        if (this.open.size > 0) this.made.push(this.onSubscription(name));
        break;
    }
  }

  /** Mostly one for which the step makes sense. */
  private pickClient(name: StepName): string {
    const wantsAbsent = name === 'connect' || name === 'reattach';
    const fitting = clients.filter((client) => this.connected.has(client) !== wantsAbsent);
    return fitting.length > 0 && this.random.chance(0.9) ? this.random.pick(fitting) : this.random.pick(clients);
  }

  private publish(client: string): Step {
    if (this.random.chance(0.03)) {
      const channel = this.random.pick(illegalChannels);
      return { do: 'publish', client, channel, count: 1, burst: false, size: 1, spaced: false };
    }
    const channel = this.random.pick(channels);
    const spaced = this.random.chance(0.2);
    const count = this.random.pick([1, 1, 2, 3, 5, 8]);
    if (spaced) this.batches.set(channel, (this.batches.get(channel) ?? 0) + 1);
    this.published.set(channel, (this.published.get(channel) ?? 0) + count);
    // Whether a message is delivered before a limit drops it is a race within a burst.
    const burst = this.profile !== 'limits' && this.random.chance(0.5);
    return { do: 'publish', client, channel, count, burst, size: this.random.pick([0, 1, 10, 60]), spaced };
  }

  private subscribe(client: string): SubscribeStep {
    const sub = `s${this.nextSub++}`;
    const identity = this.subscriber(client);
    this.open.set(sub, identity.client);
    return {
      do: 'subscribe',
      sub,
      ...identity,
      ackWaitSecs: this.ackWait(),
      maxInFlight: this.random.pick([1, 2, 3, 5, 1_000, this.random.chance(0.1) ? 0 : 4]),
      start: this.startPoint(identity.channel),
    };
  }

  private subscriber(client: string): Pick<SubscribeStep, 'client' | 'channel' | 'queueGroup' | 'durableName'> {
    if (this.durables.length > 0 && this.random.chance(0.4)) return this.random.pick(this.durables);
    const channel = this.random.chance(0.03) ? this.random.pick(illegalChannels) : this.random.pick(channels);
    const queueGroup = this.random.chance(0.4) ? this.random.pick(['q', 'r']) : undefined;
    const durableName = this.random.chance(0.5) ? this.random.pick(['d', 'e', 'd:e']) : undefined;
    const identity = {
      client,
      channel,
      ...(queueGroup === undefined ? {} : { queueGroup }),
      ...(durableName === undefined ? {} : { durableName }),
    };
    if (durableName !== undefined) this.durables.push(identity);
    return identity;
  }

  private ackWait(): number {
    // Where limits drop messages, whether one is still there when its ack wait is over is a race.
    if (this.profile === 'limits') return LONG_ACK_WAIT_SECS;
    return { long: LONG_ACK_WAIT_SECS, short: 1, illegal: 0 }[
      this.random.weighted({ long: 60, short: 37, illegal: 3 })
    ];
  }

  private startPoint(channel: string): StartPoint {
    const batches = this.batches.get(channel) ?? 0;
    const published = this.published.get(channel) ?? 0;
    switch (this.random.weighted({ new: 2, lastReceived: 2, first: 5, sequence: 2, time: batches > 0 ? 2 : 0 })) {
      case 'new':
        return { at: 'new' };
      case 'lastReceived':
        return { at: 'lastReceived' };
      case 'first':
        return { at: 'first' };
      case 'sequence':
        return { at: 'sequence', sequence: this.random.integer(0, published + 2) };
      case 'time':
        return { at: 'time', batch: this.random.integer(0, batches - 1) };
    }
  }

  private onSubscription(name: 'ack' | 'ackNothing' | 'close' | 'unsubscribe'): Step {
    const sub = this.random.pick([...this.open.keys()]);
    if (name === 'ack') {
      const which = this.random.pick(['oldest', 'oldest', 'newest', 'all', 'middle'] as const);
      return { do: 'ack', sub, which, count: this.random.integer(1, 4) };
    }
    // A second close of the same subscription is an operation worth seeing, now and then.
    if (name !== 'ackNothing' && this.random.chance(0.85)) this.open.delete(sub);
    return { do: name, sub };
  }
}
