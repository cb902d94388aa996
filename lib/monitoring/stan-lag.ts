import { systemClock } from '../core/clock.js';
import { Expect, ExpectWholeNumber } from '../core/option-rules/expect.decorator.js';
import { defaultsOf, readOptionGroup } from '../core/option-rules/option-group.js';
import { StanMonitoring } from './stan-monitoring.js';
import type { Channelz } from './streaming-facts.js';
import { groupRows, isMeant, lagOfRows } from './subscription-lag.js';
import type { LagOf, SubscriptionLag } from './subscription-lag.js';

/**
 * Where the numbers come from, and how old they may be.
 * @publicApi
 */
export class StanLagOptions {
  /**
   * The monitoring port of the server.
   * Limits: a `StanMonitoring`.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @Expect('a StanMonitoring', (value) => value instanceof StanMonitoring)
  readonly monitoring?: StanMonitoring = new StanMonitoring();
  /**
   * How old an answer may be: whoever asks about the same subject within this time shares one request.
   * Unit: milliseconds, 0 to 2147483647; 0 shares only what is under way.
   * @defaultValue 2000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectWholeNumber({ min: 0 })
  readonly cacheMs?: number = 2_000;
}

interface Asked {
  readonly at: number;
  readonly answer: Promise<Channelz | undefined>;
  isOver: boolean;
}

/**
 * How far subscriptions are behind, exactly, from the server's monitoring port: events that were sent and are not acked
 * count, events that the channel's limits have dropped do not. One request per subject.
 * @throws InvalidOptionError (STAN_INVALID_OPTION) from the constructor
 * @publicApi
 */
export class StanLag {
  private readonly monitoring: StanMonitoring;
  private readonly cacheMs: number;
  private readonly asked = new Map<string, Asked>();

  constructor(options: StanLagOptions = {}) {
    const given = readOptionGroup(StanLagOptions, options, { owner: 'StanLag' });
    const { monitoring, cacheMs } = { ...defaultsOf(StanLagOptions), ...given };
    this.monitoring = monitoring;
    this.cacheMs = cacheMs;
  }

  /**
   * The lag of one subscription, or `undefined` where the server knows no such one. Where several clients have a durable
   * of this name and no client id is given, that of the one which is furthest behind.
   * @throws MonitoringError (STAN_MONITORING_FAILED)
   */
  async of(subject: string, who: LagOf): Promise<SubscriptionLag | undefined> {
    const channel = await this.channel(subject);
    const rows = channel?.subscriptions?.filter((row) => isMeant(row, who)) ?? [];
    if (channel === undefined || rows.length === 0) return undefined;
    const lags = [...groupRows(rows).values()].map((group) => lagOfRows(channel, group));
    return lags.reduce((furthest, lag) => (lag.total > furthest.total ? lag : furthest));
  }

  /**
   * The lag of every subscription of every channel, page after page; asked again each time.
   * @throws MonitoringError (STAN_MONITORING_FAILED)
   */
  async *all(): AsyncGenerator<SubscriptionLag, void, undefined> {
    for await (const channel of this.monitoring.channels()) {
      for (const rows of groupRows(channel.subscriptions ?? []).values()) yield lagOfRows(channel, rows);
    }
  }

  private channel(subject: string): Promise<Channelz | undefined> {
    const known = this.asked.get(subject);
    if (known !== undefined && !this.isTooOld(known)) return known.answer;
    this.forgetOld();
    const answer = this.monitoring.channelz(subject, { subscriptions: true });
    const asked: Asked = { at: systemClock.nowMs(), answer, isOver: false };
    this.asked.set(subject, asked);
    answer.then(
      () => (asked.isOver = true),
      // The next to ask tries again.
      () => this.asked.get(subject) === asked && this.asked.delete(subject),
    );
    return answer;
  }

  private isTooOld({ at, isOver }: Asked): boolean {
    return isOver && systemClock.nowMs() - at >= this.cacheMs;
  }

  private forgetOld(): void {
    for (const [subject, asked] of this.asked) if (this.isTooOld(asked)) this.asked.delete(subject);
  }
}
