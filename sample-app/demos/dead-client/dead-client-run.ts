import { setTimeout as sleep } from 'node:timers/promises';
import { Books } from '../books.js';
import type { DemoEvent, Tally } from '../books.js';
import type { Way } from '../demo.js';
import { startDemoServer } from '../demo-server.js';
import type { DemoServer, Heartbeats, NoticedDeath } from '../demo-server.js';
import { newTickets, publishAll } from '../publish.js';
import { ListenerChild } from './listener-child.js';

/** Server time after which nothing more is waited for: more than default heartbeats take to notice a death. */
const patienceMs = 480_000;

/** One variant of the demo: a server, listeners in processes of their own, and the times at which events came through. */
export class DeadClientRun {
  private readonly books = new Books();
  private readonly published: DemoEvent[] = [];
  private readonly publishedAtMs = new Map<string, number>();
  private readonly waitsMs: number[] = [];
  private readonly listeners: ListenerChild[] = [];
  private readonly channel: string;
  private killed: { readonly clientId: string; readonly atMs: number; readonly sentCount: number } | undefined;

  private constructor(private readonly server: DemoServer) {
    this.channel = server.channel('ticket:created');
  }

  static async start(heartbeats?: Heartbeats): Promise<DeadClientRun> {
    return new DeadClientRun(await startDemoServer(heartbeats));
  }

  /** Events that no listener has handled yet. */
  get waitingCount(): number {
    return this.published.length - this.books.countOf(this.published);
  }

  /** Starts a listener in a child process; what it handles is written into the books here, which survive it. */
  async listen(way: Way, clientId = ''): Promise<ListenerChild> {
    const { url, clusterId, ackWaitMs } = this.server;
    const settings = { way, url, clusterId, ackWaitMs, clientId, channel: this.channel };
    const listener = await ListenerChild.start(settings, (event) => this.handled(event, way));
    this.listeners.push(listener);
    return listener;
  }

  async publish(count: number): Promise<void> {
    const events = newTickets(this.published.length + count).slice(-count);
    for (const { id } of events) this.publishedAtMs.set(id, this.server.now());
    this.published.push(...events);
    await publishAll(this.server, this.channel, events);
  }

  /** `kill -9` for the process of a listener. */
  async kill(victim: ListenerChild): Promise<void> {
    await victim.kill();
    this.listeners.splice(this.listeners.indexOf(victim), 1);
    this.killed = {
      clientId: victim.clientId,
      atMs: this.server.now(),
      sentCount: this.server.sentTo(victim.clientId),
    };
  }

  async pass(ms: number): Promise<void> {
    await this.server.pass(ms);
  }

  /** Lets time pass, second by second, until `check` holds or nothing more can come. */
  async passUntil(check: () => boolean): Promise<void> {
    const untilMs = this.server.now() + (this.server.hasVirtualClock ? patienceMs : 60_000);
    while (!check() && this.server.now() < untilMs) {
      // The listeners are other processes: what they have handled comes over a pipe.
      await sleep(5);
      if (!check()) await this.server.pass(1_000);
    }
  }

  /** Only where the clock can be moved: by default it takes some minutes. */
  async passUntilDeathIsNoticed(): Promise<void> {
    if (this.server.hasVirtualClock) await this.passUntil(() => this.noticedDeath() !== undefined);
  }

  tally(): Tally {
    return this.books.tally(this.published);
  }

  /** What is special to this demo, as rows of its table. */
  facts(): Record<string, string> {
    return {
      ...this.factsOfDeath(),
      'longest wait of an event': this.waitingCount > 0 ? 'forever' : seconds(Math.max(0, ...this.waitsMs)),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.listeners.map((listener) => listener.stop()));
    await this.server.close();
  }

  private factsOfDeath(): Record<string, string> {
    const noticed = this.noticedDeath();
    if (!this.killed || !noticed) return {};
    return {
      'sent to the dead one': `${noticed.sentCount - this.killed.sentCount}`,
      'death noticed after': seconds(noticed.atMs - this.killed.atMs),
    };
  }

  private noticedDeath(): NoticedDeath | undefined {
    return this.killed && this.server.deathOf(this.killed.clientId);
  }

  private handled(event: DemoEvent, way: Way): void {
    const publishedAtMs = this.publishedAtMs.get(event.id);
    if (publishedAtMs !== undefined) this.waitsMs.push(this.server.now() - publishedAtMs);
    if (way === 'naive') this.books.write(event);
    // Killed before its ack has left, a listener leaves an event that comes again.
    else this.books.writeNext(event);
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
