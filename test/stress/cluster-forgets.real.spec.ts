// What a cluster forgets by itself, shown with the vendor's client alone: the rules STAN-FO-5 and STAN-FO-6, and the ground
// on which the nemesis excuses a loss. Elections fall as they like: a case is tried again until one falls as it needs it.
import type { Message } from 'node-nats-streaming';
import { describe, expect, it } from 'vitest';
import { fresh } from '../support/fresh.js';
import type { SubscriptionFacts } from '../support/monitoring.js';
import { brokerFacts } from '../support/monitoring.js';
import type { RawClient } from '../support/raw-client.js';
import { connectRawClient } from '../support/raw-client.js';
import type { RealServer } from '../support/real-server.js';
import { findRealServer } from '../support/real-server.js';
import type { Topology } from '../support/topologies.js';
import { startTopology } from '../support/topologies.js';
import { eventually, quietFor } from '../support/wait.js';

const attempts = 6;
const ackWaitMs = 2_000;
/** The leader tells the others what was sent and acked every second. */
const replicationMs = 1_000;

/** What came of one try: `undefined` where the election did not fall as the case needs it. */
interface Outcome {
  /** The event that nobody has acked. */
  readonly unacked: number;
  /** How often it came after the change of the leader. */
  readonly cameAgain: number;
  readonly stored: number;
  /** What the next leader says of the subscription. */
  readonly next: Pick<SubscriptionFacts, 'last_sent' | 'pending_count'>;
}

describe.skipIf(findRealServer() === undefined)('a real cluster, by its own monitoring', () => {
  it('never sends an event again to a durable whose leader was out of office for a moment after it had sent it', async () => {
    const outcome = await untilOneFits(forgetsOfDurable);
    expect(outcome).toEqual({ unacked: 3, cameAgain: 0, stored: 20, next: { last_sent: 20, pending_count: 0 } });
  });

  it('never sends an event again to a queue group when its leader dies just after it had sent later ones to another member', async () => {
    const outcome = await untilOneFits(forgetsOfGroup);
    expect(outcome).toEqual({ unacked: 1, cameAgain: 0, stored: 151, next: { last_sent: 151, pending_count: 0 } });
  });
});

async function untilOneFits(run: (topology: Topology) => Promise<Outcome | undefined>): Promise<Outcome | undefined> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const topology = await startTopology('cluster');
    // A publish without an ack: the election was not over.
    const outcome = await run(topology).catch((error: unknown) => void process.stderr.write(`${String(error)}\n`));
    for (const node of topology.nodes) await node.kill();
    if (outcome?.cameAgain === 0) return outcome;
  }
  return undefined;
}

/**
 * The leader sends event 3 and loses its office within the second, for want of the others. When it is elected again it knows
 * of 3 from its own memory, sends it again, and tells the others nothing of it, since it is not new; then it sends later ones.
 */
async function forgetsOfDurable(topology: Topology): Promise<Outcome | undefined> {
  const leader = await topology.leader();
  const others = topology.nodes.filter((node) => node !== leader);
  const [raw, subject] = [await connect(topology, leader), fresh('orders')];
  const events = new Events(raw, subject, 2);
  for (const sequence of [1, 2, 3]) events.hold(sequence);
  await events.ready;
  for (const text of ['1', '2', '3']) await raw.publish(subject, text);
  // 1 and 2 fill the window, and the others are told so.
  await events.came(2);
  await quietFor(2 * replicationMs);

  for (const node of others) await node.freeze();
  // Its lease ends after a second.
  await quietFor(800);
  events.release(1);
  await events.came(3);
  await quietFor(6_000);
  for (const node of others) node.thaw();
  await quietFor(3_000);
  if ((await topology.leader()) !== leader) return undefined;

  events.release(2);
  for (let event = 4; event <= 20; event += 1) await raw.publish(subject, String(event));
  await events.came(20);
  await quietFor(2 * replicationMs);
  await leader.freeze();
  const next = await topology.leader();
  leader.thaw();
  return outcomeOf(next, subject, events, 3);
}

/** What was sent to a member is told member by member: here 100 entries at once for one, and nothing yet for the other. */
async function forgetsOfGroup(topology: Topology): Promise<Outcome | undefined> {
  const leader = await topology.leader();
  const staying = topology.nodes.find((node) => node !== leader);
  const [one, other] = [await connect(topology, staying), await connect(topology, staying)];
  const subject = fresh('orders');
  const first = new Events(one, subject, 1, 'workers');
  first.hold(1);
  await first.ready;
  await one.publish(subject, '1');
  await first.came(1);
  const later = new Events(other, subject, 200, 'workers');
  for (let event = 2; event <= 151; event += 1) later.hold(event);
  await later.ready;
  await Promise.all(Array.from({ length: 150 }, (_, index) => other.publish(subject, String(index + 2))));
  await later.came(151);
  await leader.kill();
  const next = await topology.leader();
  return outcomeOf(next, subject, first, 1, later);
}

function connect(topology: Topology, entrance: RealServer | undefined): Promise<RawClient> {
  return connectRawClient({ url: entrance?.url ?? '', clusterId: topology.clusterId });
}

async function outcomeOf(
  next: RealServer,
  subject: string,
  events: Events,
  unacked: number,
  ...others: readonly Events[]
): Promise<Outcome> {
  const facts = brokerFacts(() => next.monitoringUrl);
  const before = events.countOf(unacked);
  for (const each of [events, ...others]) each.releaseAll();
  await eventually(async () => expect(await facts.pendingCount(subject)).toBe(0), { timeoutMs: 30_000 });
  await quietFor(3 * ackWaitMs);
  const subscriptions = await facts.subscriptions(subject);
  return {
    unacked,
    cameAgain: [events, ...others].reduce((sum, each) => sum + each.countOf(unacked), 0) - before,
    stored: await facts.storedCount(subject),
    next: {
      last_sent: Math.max(...subscriptions.map(({ last_sent }) => last_sent)),
      pending_count: subscriptions.reduce((sum, { pending_count }) => sum + pending_count, 0),
    },
  };
}

/** A durable of the vendor's client that acks what it is not told to hold. */
class Events {
  readonly ready: Promise<void>;
  private readonly held = new Map<number, Message | undefined>();
  private readonly seen: number[] = [];

  constructor(raw: RawClient, subject: string, maxInFlight: number, group?: string) {
    const options = raw.stan
      .subscriptionOptions()
      .setDurableName('durable')
      .setDeliverAllAvailable()
      .setManualAckMode(true)
      .setAckWait(ackWaitMs)
      .setMaxInFlight(maxInFlight);
    const subscription =
      group === undefined ? raw.stan.subscribe(subject, options) : raw.stan.subscribe(subject, group, options);
    subscription.on('message', (message: Message) => this.take(message));
    this.ready = new Promise((resolve) => subscription.on('ready', () => resolve()));
  }

  hold(sequence: number): void {
    this.held.set(sequence, undefined);
  }

  release(sequence: number): void {
    this.held.get(sequence)?.ack();
    this.held.delete(sequence);
  }

  /** Acks whatever comes from now on; what is held is not acked, but when it comes again. */
  releaseAll(): void {
    this.held.clear();
  }

  countOf(sequence: number): number {
    return this.seen.filter((one) => one === sequence).length;
  }

  async came(sequence: number): Promise<void> {
    await eventually(() => expect(this.seen).toContain(sequence), { timeoutMs: 20_000, intervalMs: 5 });
  }

  private take(message: Message): void {
    const sequence = message.getSequence();
    this.seen.push(sequence);
    if (this.held.has(sequence)) this.held.set(sequence, message);
    else message.ack();
  }
}
