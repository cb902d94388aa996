import type { Clock, ClockTimer } from '../clock/clock.js';

/** What the watch is told to do. */
export interface PingActions {
  ping(): void;
  stale(): void;
}

/**
 * Finds out that a connection is dead although TCP has not noticed: pings one that has been silent for an interval, and
 * reports it stale when too many pings stay unanswered.
 * @internal
 */
export class PingWatch {
  private timer: ClockTimer | undefined;
  private pingsOut = 0;
  private lastActiveMs = 0;

  constructor(
    private readonly settings: {
      readonly clock: Clock;
      readonly pingIntervalMs: number;
      readonly maxPingsOut: number;
    },
    private readonly actions: PingActions,
  ) {}

  get lastActive(): number {
    return this.lastActiveMs;
  }

  get awaitsPong(): boolean {
    return this.pingsOut > 0;
  }

  start(): void {
    this.lastActiveMs = this.settings.clock.nowMs();
    this.arm();
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.pingsOut = 0;
  }

  sawActivity(): void {
    this.lastActiveMs = this.settings.clock.nowMs();
  }

  sawPong(): void {
    this.pingsOut = 0;
  }

  private arm(): void {
    this.timer = this.settings.clock.after(this.settings.pingIntervalMs, () => this.check());
  }

  private check(): void {
    const { clock, pingIntervalMs, maxPingsOut } = this.settings;
    if (clock.nowMs() - this.lastActiveMs >= pingIntervalMs) {
      if (this.pingsOut + 1 > maxPingsOut) {
        this.actions.stale();
        return;
      }
      this.pingsOut++;
      this.actions.ping();
    }
    this.arm();
  }
}
