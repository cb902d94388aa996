import type { Observable, Subscription } from 'rxjs';

import type { StanStatus } from '../../core/driver/driver-event.js';
import { InvalidOptionError } from '../../core/errors/invalid-option.error.js';
import { judgeLag, lagRules } from './lag-health.js';
import type { HealthLagOptions, HealthSubscription, LagHealth, LagRules, SubscribedSource } from './lag-health.js';

/** Whatever has a connection to tell about: `ServerStan`, `ClientStan`, or a Nest app that runs on them. */
export interface StanHealthSource {
  readonly status: Observable<StanStatus>;
}

/**
 * What else health depends on.
 * @publicApi
 */
export interface StanHealthOptions {
  /** Has `check()` look at the lag of subscriptions, too. */
  readonly lag?: HealthLagOptions;
}

/**
 * What `check()` finds: everything works, an app that is behind or of which not everything is known, and one that does not.
 * @publicApi
 */
export type StanHealthStatus = 'up' | 'degraded' | 'down';

/**
 * One indicator's part of a health check. `degraded` is answered with 200: Terminus 12 shows it, Terminus 11 does not know
 * it and leaves the indicator out of its answer.
 * @publicApi
 */
export interface StanHealthResult<Status extends StanHealthStatus = StanHealthStatus> extends LagHealth {
  readonly status: Status;
  /** The state of each connection, under its name. */
  readonly [connection: string]: unknown;
}

/**
 * Health of STAN connections, in the shape of @nestjs/terminus: `up` only while a session is open, its transport is
 * connected and every subscription is in place; `down` in all other states. Opens no connection of its own.
 * @throws InvalidOptionError (STAN_INVALID_OPTION) from the constructor
 * @publicApi
 */
export class StanHealthIndicator {
  private readonly latest = new Map<string, StanStatus>();
  private readonly subscriptions: Subscription[] = [];
  private readonly lag: LagRules | undefined;
  private readonly servers: readonly SubscribedSource[];

  /** @param sources - the connections to watch, by the name under which the result shows them */
  constructor(sources: Readonly<Record<string, StanHealthSource>>, { lag }: StanHealthOptions = {}) {
    this.lag = lag === undefined ? undefined : lagRules(lag);
    this.servers = Object.values(sources).filter(isSubscribed);
    for (const [name, source] of Object.entries(sources)) {
      if (reservedNames.has(name))
        throw new InvalidOptionError(`sources.${name}`, `another name than ${[...reservedNames].join(', ')}`, name, {
          owner: 'StanHealthIndicator',
        });
      this.latest.set(name, 'connecting');
      this.subscriptions.push(source.status.subscribe((status) => this.latest.set(name, status)));
    }
  }

  /**
   * The connections alone, for liveness and readiness: `HealthCheckService.check([() => stan.isHealthy('stan')])`, and for
   * a controller of one's own.
   */
  isHealthy<Key extends string = 'stan'>(
    key: Key = 'stan' as Key,
  ): Record<Key, { status: 'up' | 'down'; [connection: string]: string }> {
    const connections = Object.fromEntries(this.latest);
    const isUp = [...this.latest.values()].every((status) => status === 'connected');
    const result = { ...connections, status: isUp ? 'up' : 'down' } as const;
    return { [key]: result } as unknown as Record<Key, { status: 'up' | 'down'; [connection: string]: string }>;
  }

  /**
   * The connections, and the lag of the subscriptions where that is asked for: for readiness alone. In a liveness probe a
   * backlog would restart every replica at once, and with each restart it grows. Never rejects: a monitoring port that
   * does not answer is `degraded`. `Status` is for the compiler alone: the types of Terminus 11 know `up` and `down` only,
   * and there the result is taken for one of them.
   */
  async check<Key extends string = 'stan', Status extends StanHealthStatus = StanHealthStatus>(
    key: Key = 'stan' as Key,
  ): Promise<Record<Key, StanHealthResult<Status>>> {
    const { status, ...connections } = this.isHealthy('stan').stan;
    const { status: lagStatus, ...facts } =
      this.lag === undefined ? noLag : await judgeLag(this.lag, this.lag.subscriptions ?? this.subscribed());
    const openGaps = this.servers.reduce((sum, server) => sum + (server.openGapCount?.() ?? 0), 0);
    const live = openGaps > 0 && lagStatus === 'up' ? 'degraded' : lagStatus;
    const worst = status === 'down' ? 'down' : live;
    return { [key]: { ...connections, ...facts, ...(openGaps > 0 && { openGaps }), status: worst } } as Record<
      Key,
      StanHealthResult<Status>
    >;
  }

  /** Stops watching. */
  close(): void {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }

  private subscribed(): readonly HealthSubscription[] {
    return this.servers.flatMap((server) => server.load());
  }
}

/** What a result shows beside the connections. */
const reservedNames: ReadonlySet<string> = new Set(['status', 'openGaps', 'lag', 'lagError', 'lagStatus']);

function isSubscribed(source: StanHealthSource): source is StanHealthSource & SubscribedSource {
  return 'load' in source && typeof source.load === 'function';
}

const noLag = { status: 'up' } as const;
