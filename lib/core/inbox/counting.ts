import type { CountedHandler, CountingSetup, Gate } from './counted-handler.js';
import { EarlyEvents } from './early-events.js';
import type { ParkedStream } from '../event-store/event-store.js';
import { InboxGate } from './inbox-gate.js';
import { ParkedEvents } from './parked-events.js';
import { ParkedSweeper } from './parked-sweeper.js';
import { VersionGate } from './version-gate.js';

/**
 * The gates of one server's handlers, from `start()` to `stop()`.
 * @internal
 */
export class Counting {
  private readonly early: EarlyEvents;
  private readonly parked: ParkedEvents;
  private readonly sweeper: ParkedSweeper;
  private readonly gates = new Map<CountedHandler, VersionGate>();

  constructor(
    private readonly setup: CountingSetup,
    handlers: readonly CountedHandler[],
    onSweepFailure: (error: unknown) => void,
  ) {
    this.early = new EarlyEvents(setup.clock);
    this.parked = new ParkedEvents(setup, handlers, this.early);
    this.sweeper = new ParkedSweeper(setup, this.parked, gapWarnMsOf(handlers), onSweepFailure);
    for (const handler of handlers) {
      const { version } = handler.options;
      if (version === undefined) continue;
      this.gates.set(handler, new VersionGate(setup, handler, version, this.early, this.parked));
    }
  }

  /** Gaps that stay open; see `ParkedSweeper`. */
  get openGapCount(): number {
    return this.sweeper.openGapCount;
  }

  /** What the handlers with a gate have parked, by stream; none is asked for where there is no such handler. */
  async parkedByStream(): Promise<readonly ParkedStream[]> {
    const consumers = [...new Set([...this.gates.keys()].map(({ service }) => service))];
    return consumers.length === 0 ? [] : this.setup.store.parkedByStream(consumers);
  }

  /** How the events of a handler are run: through its gate, or its inbox. */
  gateOf(handler: CountedHandler): Gate {
    const versions = this.gates.get(handler);
    if (versions !== undefined) return (data, delivery) => versions.handle(data, delivery);
    const { inbox } = handler.options;
    if (inbox === undefined) throw new TypeError(`${handler.name} has neither version nor inbox`);
    const gate = new InboxGate(this.setup, handler, inbox);
    return (data, delivery) => gate.handle(data, delivery);
  }

  start(): void {
    this.sweeper.start();
  }

  /** Starts nothing new: early events are parked at once, drains end after the event that runs. */
  async stop(): Promise<void> {
    for (const gate of this.gates.values()) gate.stop();
    this.parked.stop();
    this.early.wakeAll();
    await this.sweeper.stop();
  }
}

function gapWarnMsOf(handlers: readonly CountedHandler[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { service, options } of handlers) {
    if (options.version === undefined) continue;
    found.set(service, Math.min(found.get(service) ?? Infinity, options.version.gapWarnMs));
  }
  return found;
}
