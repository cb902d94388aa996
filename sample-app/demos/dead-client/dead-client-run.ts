import { setTimeout as sleep } from 'node:timers/promises';
import { Books } from '../books.js';
import type { DemoEvent, Tally } from '../books.js';
import { startDemoServer } from '../demo-server.js';
import type { DemoServer, Heartbeats } from '../demo-server.js';
import { newTickets, publishAll } from '../publish.js';
import { ListenerChild } from './listener-child.js';

/** Server time after which nothing more is waited for: more than default heartbeats take to notice a death. */
const patienceMs = 480_000;

/** One variant of the demo: a server, listeners in processes of their own, and the times at which events came through. */
export class DeadClientRun {
  readonly #books = new Books();
  readonly #published: DemoEvent[] = [];
  readonly #publishedAtMs = new Map<string, number>();
  readonly #waitsMs: number[] = [];
  readonly #listeners: ListenerChild[] = [];
  readonly #channel: string;

  private constructor(private readonly server: DemoServer) {
    this.#channel = server.channel('ticket:created');
  }

  static async start(heartbeats?: Heartbeats): Promise<DeadClientRun> {
    return new DeadClientRun(await startDemoServer(heartbeats));
  }

  /** Events that no listener has handled yet. */
  get waitingCount(): number {
    return this.#published.length - this.#books.countOf(this.#published);
  }

  /** Starts a listener in a child process; what it handles is written into the books here, which survive it. */
  async listen(style: 'naive' | 'guarded', clientId = ''): Promise<ListenerChild> {
    const { url, clusterId, ackWaitMs } = this.server;
    const settings = { style, url, clusterId, ackWaitMs, clientId, channel: this.#channel };
    const listener = await ListenerChild.start(settings, (event) => this.#handled(event, style));
    this.#listeners.push(listener);
    return listener;
  }

  async publish(count: number): Promise<void> {
    const events = newTickets(this.#published.length + count).slice(-count);
    for (const { id } of events) this.#publishedAtMs.set(id, this.server.now());
    this.#published.push(...events);
    await publishAll(this.server, this.#channel, events);
  }

  /** Kills the listener's process and tells when that was. */
  async kill(listener: ListenerChild): Promise<number> {
    await listener.kill();
    this.#listeners.splice(this.#listeners.indexOf(listener), 1);
    return this.server.now();
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

  async passUntilDeathIsNoticed({ clientId }: ListenerChild): Promise<void> {
    if (this.server.hasVirtualClock) await this.passUntil(() => this.server.noticedDeathAt(clientId) !== undefined);
  }

  tally(): Tally {
    return this.#books.tally(this.#published);
  }

  facts({ clientId }: ListenerChild, killedAtMs: number): Record<string, string> {
    const noticedAtMs = this.server.noticedDeathAt(clientId);
    const longestMs = Math.max(0, ...this.#waitsMs);
    return {
      'death noticed after': noticedAtMs === undefined ? '-' : seconds(noticedAtMs - killedAtMs),
      'longest wait of an event': this.waitingCount > 0 ? 'for ever' : seconds(longestMs),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.stop()));
    await this.server.close();
  }

  #handled(event: DemoEvent, style: 'naive' | 'guarded'): void {
    const publishedAtMs = this.#publishedAtMs.get(event.id);
    if (publishedAtMs !== undefined) this.#waitsMs.push(this.server.now() - publishedAtMs);
    if (style === 'naive') this.#books.write(event);
    else this.#books.writeNext(event);
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
