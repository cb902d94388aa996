import { randomBytes } from 'node:crypto';
import { eventually, quietFor } from '../../support/wait.js';
import type { DifferentialServer } from './servers.js';
import { Group } from './group.js';
import type { Member } from './group.js';
import { settle } from './settle.js';
import type { ChannelSnapshot } from './settle.js';
import { StanClient } from './stan-client.js';
import type { SubscribeRequest } from './stan-client.js';
import { describeStep, isLegalChannel } from './trace.js';
import type { Step, SubscribeStep, Trace } from './trace.js';

/** What one step showed, free of names and times that differ from run to run. */
export interface Observation {
  readonly step: string;
  readonly outcome: string;
  readonly arrivals: Readonly<Record<string, readonly string[]>>;
  readonly channels: readonly ChannelSnapshot[];
}

/** Everything that playing a trace on one server showed. */
export interface History {
  readonly observations: readonly Observation[];
  /** Broken promises that need no second server to be seen. */
  readonly violations: readonly string[];
}

const SKIPPED = 'skipped';
const spacingMs = 120;
const spacingMarginMs = 90;
const illegalPublishPatienceMs = 1_500;
const noticeDeathTimeoutMs = 15_000;

/** Plays a trace on a server, one step after the other, and notes what can be seen once each has come to rest. */
export async function playTrace(trace: Trace, server: DifferentialServer): Promise<History> {
  const player = new Player(server);
  try {
    return await player.play(trace);
  } finally {
    await player.end();
  }
}

interface Session {
  readonly number: number;
  readonly client: StanClient;
}

class Player {
  private readonly prefix = `t${randomBytes(5).toString('hex')}`;
  private readonly sessions = new Map<string, Session>();
  private readonly everyClient: StanClient[] = [];
  private readonly members = new Map<string, Member>();
  private readonly groups = new Map<string, Group>();
  private readonly channels = new Set<string>();
  private readonly batchTimes = new Map<string, number[]>();
  private readonly lastPublish = new Map<string, number>();
  private nextSession = 1;
  private nextMessage = 1;

  constructor(private readonly server: DifferentialServer) {}

  async play(trace: Trace): Promise<History> {
    const observations: Observation[] = [];
    for (const [index, step] of trace.steps.entries()) {
      const outcome = await this.do(step);
      if (outcome === SKIPPED) continue;
      const channels = await settle(this.server.monitor, [...this.channels], [...this.groups.values()], this.prefix);
      const step_ = `${index} ${describeStep(step)}`;
      observations.push({ step: step_, outcome, arrivals: this.takeArrivals(), channels });
    }
    const violations = [...this.groups.values()].flatMap((group) => group.violations);
    return { observations, violations };
  }

  /** Closes every session, so that the next trace finds a server without this one's clients. */
  async end(): Promise<void> {
    for (const { client } of this.sessions.values()) if (client.isAttached) await client.closeSession();
    for (const client of this.everyClient) await client.cut();
  }

  private takeArrivals(): Record<string, readonly string[]> {
    const arrivals: Record<string, readonly string[]> = {};
    for (const group of this.groups.values()) {
      const words = group.takeArrivals();
      if (words.length > 0) arrivals[group.key] = words;
    }
    return arrivals;
  }

  private async do(step: Step): Promise<string> {
    switch (step.do) {
      case 'connect':
        return this.connect(step.client);
      case 'cut':
        return this.cut(step.client);
      case 'reattach':
        return this.reattach(step.client);
      case 'die':
        return this.die(step.client);
      case 'closeSession':
        return this.closeSession(step.client);
      case 'ping':
        return this.ping(step.client, step.connId);
      case 'publish':
        return this.publish(step);
      case 'subscribe':
        return this.subscribe(step);
      case 'ack':
        return this.ack(step);
      case 'ackNothing':
        return this.ackNothing(step.sub);
      case 'close':
      case 'unsubscribe':
        return this.endSubscription(step.sub, step.do);
      case 'awaitRedelivery':
        return this.awaitRedelivery();
      case 'restart':
        return this.restart();
    }
  }

  private async connect(name: string): Promise<string> {
    const client = new StanClient(this.server.clusterId, `${this.prefix}${name}`, () => this.server.port);
    this.everyClient.push(client);
    await client.attach();
    const error = await client.connect();
    if (error !== '') {
      await client.cut();
      return error;
    }
    this.sweep(name);
    this.sessions.set(name, { number: this.nextSession++, client });
    return 'connected';
  }

  /** The server has closed every subscription of the session. */
  private sweep(name: string): void {
    const session = this.sessions.get(name);
    if (session === undefined) return;
    for (const group of this.groups.values()) {
      group.leave(group.members.filter((member) => member.session === session.number && member.isOpen));
    }
    this.sessions.delete(name);
  }

  private live(name: string): StanClient | undefined {
    const client = this.sessions.get(name)?.client;
    return client?.isAttached === true ? client : undefined;
  }

  private async cut(name: string): Promise<string> {
    const client = this.live(name);
    if (client === undefined) return SKIPPED;
    await client.cut();
    this.markLossy(name);
    return 'cut';
  }

  private markLossy(name: string): void {
    const number = this.sessions.get(name)?.number;
    for (const member of this.members.values()) if (member.session === number && member.isOpen) member.isLossy = true;
  }

  private async reattach(name: string): Promise<string> {
    const session = this.sessions.get(name);
    if (session === undefined || session.client.isAttached) return SKIPPED;
    await session.client.attach();
    return `reattached, ping ${await session.client.ping()}`;
  }

  private async die(name: string): Promise<string> {
    const client = this.live(name);
    if (client === undefined) return SKIPPED;
    const { number } = this.sessions.get(name) ?? {};
    for (const { session, group } of this.members.values()) if (session === number) group.hasLostMembers = true;
    await client.cut();
    await eventually(async () => !(await this.server.monitor.hasClient(client.clientId)), {
      what: `the server to notice that ${client.clientId} is dead`,
      timeoutMs: noticeDeathTimeoutMs,
    });
    this.sweep(name);
    return 'noticed';
  }

  private async closeSession(name: string): Promise<string> {
    const client = this.live(name);
    if (client === undefined) return SKIPPED;
    const error = await client.closeSession();
    this.sweep(name);
    await client.cut();
    return error || 'closed';
  }

  private async ping(name: string, connId: 'own' | 'unknown'): Promise<string> {
    const client = this.live(name);
    if (client === undefined) return SKIPPED;
    return `pong ${await (connId === 'own' ? client.ping() : client.ping(Buffer.from('nobody')))}`;
  }

  private async publish(step: Extract<Step, { do: 'publish' }>): Promise<string> {
    const client = this.live(step.client);
    if (client === undefined) return SKIPPED;
    const channel = this.channel(step.channel);
    if (step.spaced) await this.space(step.channel);
    const answers = new Set<string>();
    // The server may leave a publish to an illegal channel without an answer.
    const patienceMs = isLegalChannel(step.channel) ? undefined : illegalPublishPatienceMs;
    const publishOne = async () => answers.add(await client.publish(channel, this.payload(step.size), patienceMs));
    if (step.burst) await Promise.all(Array.from({ length: step.count }, publishOne));
    else for (let sent = 0; sent < step.count; sent += 1) await publishOne();
    this.lastPublish.set(step.channel, performance.now());
    return `answers ${JSON.stringify([...answers])}`;
  }

  private payload(size: number): Buffer {
    return Buffer.alloc(size, String(this.nextMessage++ % 10));
  }

  private channel(name: string): string {
    const channel = `${this.prefix}.${name}`;
    this.channels.add(channel);
    return channel;
  }

  /** Lets enough time pass for a start time to fall safely between two batches. */
  private async space(channel: string): Promise<void> {
    const last = this.lastPublish.get(channel);
    if (last !== undefined) await quietFor(Math.max(0, last + spacingMs - performance.now()));
    const times = this.batchTimes.get(channel) ?? [];
    times.push(performance.now());
    this.batchTimes.set(channel, times);
  }

  private async subscribe(step: SubscribeStep): Promise<string> {
    const session = this.sessions.get(step.client);
    const client = this.live(step.client);
    const start = this.startOf(step);
    if (session === undefined || client === undefined || start === undefined) return SKIPPED;
    const group = this.groupOf(step);
    const member: Member = {
      step,
      group,
      session: session.number,
      subscription: undefined,
      isOpen: false,
      isLossy: false,
    };
    const request: SubscribeRequest = {
      channel: this.channel(step.channel),
      ackWaitSecs: step.ackWaitSecs,
      maxInFlight: step.maxInFlight,
      ...(step.queueGroup === undefined ? {} : { queueGroup: step.queueGroup }),
      ...(step.durableName === undefined ? {} : { durableName: step.durableName }),
      ...start,
    };
    const early: Parameters<Group['arrived']>[1][] = [];
    const { error, subscription } = await client.subscribe(request, (delivery) => {
      if (member.isOpen) member.group.arrived(member, delivery);
      else if (member.subscription === undefined) early.push(delivery);
    });
    if (error !== '') return error;
    member.subscription = subscription;
    member.isOpen = true;
    this.members.set(step.sub, member);
    group.add(member);
    for (const delivery of early) group.arrived(member, delivery);
    return 'subscribed';
  }

  /** The start fields of the request; `undefined` when the trace names a batch that was never published. */
  private startOf({
    start,
    channel,
  }: SubscribeStep): (Partial<SubscribeRequest> & Pick<SubscribeRequest, 'start'>) | undefined {
    if (start.at === 'sequence') return { start: 'sequence', startSequence: start.sequence };
    if (start.at !== 'time') return { start: start.at };
    const at = this.batchTimes.get(channel)?.[start.batch];
    if (at === undefined) return undefined;
    const agoMs = performance.now() - (at - spacingMarginMs);
    return { start: 'timeDelta', startTimeDeltaNs: BigInt(Math.round(agoMs * 1e6)) };
  }

  private groupOf(step: SubscribeStep): Group {
    const { queueGroup, durableName, channel, sub } = step;
    const key = queueGroup === undefined ? sub : `${channel}/${durableName ?? ''}:${queueGroup}`;
    const known = this.groups.get(key);
    // A group that has no member left begins anew, with what it had pending where it is durable.
    if (known !== undefined && known.openMembers.length > 0) return known;
    const group = new Group(key, queueGroup !== undefined);
    this.groups.set(key, group);
    return group;
  }

  private async ack({ sub, which, count }: Extract<Step, { do: 'ack' }>): Promise<string> {
    const group = this.ackable(sub);
    if (group === undefined) return SKIPPED;
    const sequences = [...group.unacked.keys()].sort((left, right) => left - right);
    const chosen = choose(sequences, which, count);
    if (chosen.length === 0) return SKIPPED;
    for (const sequence of chosen) {
      this.sendAck(group.unacked.get(sequence), sequence);
      group.unacked.delete(sequence);
    }
    await this.flushAll();
    return `acked ${chosen.join(' ')}`;
  }

  /** The group of a subscription whose unacked messages are all known and can all be acked. */
  private ackable(sub: string): Group | undefined {
    const member = this.members.get(sub);
    if (member === undefined || !member.isOpen || member.group.isLossy) return undefined;
    const canAck = [...member.group.unacked.values()].every(
      (holder) => holder.isOpen && this.clientOf(holder) !== undefined,
    );
    return canAck ? member.group : undefined;
  }

  private async ackNothing(sub: string): Promise<string> {
    const group = this.ackable(sub);
    const member = this.members.get(sub);
    if (group === undefined || member === undefined) return SKIPPED;
    for (let sequence = 1; sequence < this.nextMessage + 3; sequence += 1) {
      if (!group.unacked.has(sequence)) this.sendAck(member, sequence);
    }
    await this.flushAll();
    return 'acked what was not pending';
  }

  private clientOf(member: Member): StanClient | undefined {
    for (const { number, client } of this.sessions.values()) {
      if (number === member.session && client.isAttached) return client;
    }
    return undefined;
  }

  private sendAck(member: Member | undefined, sequence: number): void {
    if (member?.subscription !== undefined) this.clientOf(member)?.ack(member.subscription, sequence);
  }

  private async flushAll(): Promise<void> {
    for (const { client } of this.sessions.values()) if (client.isAttached) await client.flush();
  }

  private async endSubscription(sub: string, how: 'close' | 'unsubscribe'): Promise<string> {
    const member = this.members.get(sub);
    const client = member && this.clientOf(member);
    if (member?.subscription === undefined || client === undefined) return SKIPPED;
    const { subscription } = member;
    const error = await (how === 'close' ? client.closeSubscription(subscription) : client.unsubscribe(subscription));
    if (error === '') member.group.leave([member]);
    return error || 'ended';
  }

  private async awaitRedelivery(): Promise<string> {
    const groups = [...this.groups.values()].filter(
      (group) => group.isTimed && !group.isLossy && group.openMembers.length > 0 && group.unacked.size > 0,
    );
    if (groups.length === 0) return SKIPPED;
    for (const group of groups) group.forgetRedeliveries();
    try {
      await eventually(() => groups.every((group) => group.allCameAgain), { timeoutMs: 6_000 });
    } catch {
      // Said below: the lists of the two servers then differ.
    }
    return groups.map((group) => `${group.key} again ${group.redelivered.join(' ')}`).join('; ');
  }

  private async restart(): Promise<string> {
    const attached = [...this.sessions.entries()].filter(([, { client }]) => client.isAttached);
    // The server redelivers as soon as it is up, perhaps before the clients are back.
    for (const group of this.groups.values()) group.isTimed = group.hasLostMembers = true;
    await this.server.restart();
    for (const [, { client }] of attached) {
      await client.cut();
      await client.attach();
    }
    return 'restarted';
  }
}

function choose(
  sequences: readonly number[],
  which: 'oldest' | 'newest' | 'all' | 'middle',
  count: number,
): readonly number[] {
  switch (which) {
    case 'all':
      return sequences;
    case 'oldest':
      return sequences.slice(0, count);
    case 'newest':
      return sequences.slice(-count);
    case 'middle':
      return sequences.slice(Math.floor(sequences.length / 2), Math.floor(sequences.length / 2) + count);
  }
}
