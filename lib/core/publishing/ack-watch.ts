import type { Clock, ClockTimer } from '../clock.js';
import type { PublishEntry } from './publish-entry.js';
import type { PublishQueue } from './publish-queue.js';

/** The silence is measured in ticks, so that neither a publish nor an ack has to read the clock. */
const ticksPerTimeout = 4;

/** How many timeouts pass before a probe, the first one first; the last value is used from then on. */
const probeBackoff = [1, 1, 2, 4, 8] as const;

/** What the watch works with. */
export interface AckWatchSetup {
  readonly clock: Clock;
  readonly queue: PublishQueue;
  readonly ackTimeoutMs: number;
  /** Sends the oldest publish again; returns the number of the attempt, or `undefined` where it cannot be sent now. */
  readonly sendProbe: () => number | undefined;
  /** Called whenever probing begins. */
  readonly onProbing: () => void;
}

/**
 * Notices that acks no longer come although the connection stands, and finds out what became of the attempts under way.
 *
 * Where the oldest publish has had no ack for `ackTimeoutMs`, it alone is sent again, the probe, and nothing else is sent
 * until the answer. The server acks in the order in which it receives: a server that is only slow acks the earlier attempts
 * first, and nothing but the probe was sent in vain. An ack of the probe while earlier attempts have none proves that they
 * were lost. Probes back off.
 * @internal
 */
export class AckWatch {
  private timer: ClockTimer | undefined;
  private probing = false;
  /** The first attempt that was made as a probe: all others under way are older. */
  private firstProbe = Infinity;
  private probeCount = 0;
  private watched: PublishEntry | undefined;
  private quietTicks = 0;

  constructor(private readonly setup: AckWatchSetup) {}

  /** True while nothing but probes may be sent. */
  get isProbing(): boolean {
    return this.probing;
  }

  /** Call it after an attempt. */
  watch(): void {
    if (this.timer === undefined) this.startTimer();
  }

  /** The server has refused an attempt in a way that a later attempt may mend: probes after a tick, then backs off. */
  suspect(): void {
    if (this.probing) return;
    this.probing = true;
    this.quietTicks = ticksPerTimeout - 1;
    this.watch();
    this.setup.onProbing();
  }

  /** The server answers again after a silence: what was under way may be lost. Probes at once. */
  probeNow(): void {
    if (this.setup.queue.sentCount === 0) return;
    this.probeCount = 0;
    this.probe();
    this.watch();
  }

  /** Whether this ack proves that everything sent before the probe and not acked is lost. Ends the probing then. */
  provesLoss(attemptNumber: number): boolean {
    if (attemptNumber < this.firstProbe) return false;
    this.reset();
    return true;
  }

  /** A new stretch of connection, in which everything is sent again anyway; or nothing is under way any more. */
  reset(): void {
    this.probing = false;
    this.firstProbe = Infinity;
    this.probeCount = 0;
    this.quietTicks = 0;
    this.watched = undefined;
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private startTimer(): void {
    const tickMs = Math.max(1, Math.ceil(this.setup.ackTimeoutMs / ticksPerTimeout));
    this.timer = this.setup.clock.startTimer(tickMs, () => this.onTick());
    // The deadlines of the same publishes keep the process alive.
    this.timer.unref();
  }

  private onTick(): void {
    this.timer = undefined;
    if (this.setup.queue.sentCount === 0) {
      this.reset();
      return;
    }
    this.startTimer();
    this.countQuiet();
    if (this.quietTicks >= this.allowedTicks) this.probe();
  }

  private countQuiet(): void {
    const { oldest } = this.setup.queue;
    const hasMoved = oldest !== this.watched;
    this.watched = oldest;
    if (hasMoved && !this.awaitsFirstProbe) this.quietTicks = 0;
    else this.quietTicks += 1;
  }

  /** After a refusal: there is nothing to wait for but the tick. */
  private get awaitsFirstProbe(): boolean {
    return this.probing && this.probeCount === 0;
  }

  private get allowedTicks(): number {
    const factor = probeBackoff[Math.min(this.probeCount, probeBackoff.length - 1)] ?? 1;
    return ticksPerTimeout * factor;
  }

  private probe(): void {
    const isFirst = !this.probing;
    this.probing = true;
    const attemptNumber = this.setup.sendProbe();
    if (attemptNumber !== undefined) {
      this.firstProbe = Math.min(this.firstProbe, attemptNumber);
      this.probeCount += 1;
      this.quietTicks = 0;
      this.watched = this.setup.queue.oldest;
    }
    if (isFirst) this.setup.onProbing();
  }
}
