import type { Observable, Subscription } from 'rxjs';

import type { StanStatus } from '../../core/driver/driver-event.js';

/** Whatever has a connection to tell about: `ServerStan`, `ClientStan`, or a Nest app that runs on them. */
export interface StanHealthSource {
  readonly status: Observable<StanStatus>;
}

/**
 * Health of STAN connections, in the shape of @nestjs/terminus: `up` only while a session is open, its transport is
 * connected and every subscription is in place; `down` in all other states.
 * @publicApi
 */
export class StanHealthIndicator {
  private readonly latest = new Map<string, StanStatus>();
  private readonly subscriptions: Subscription[] = [];

  /** @param sources - the connections to watch, by the name under which the result shows them */
  constructor(sources: Readonly<Record<string, StanHealthSource>>) {
    for (const [name, source] of Object.entries(sources)) {
      this.latest.set(name, 'connecting');
      this.subscriptions.push(source.status.subscribe((status) => this.latest.set(name, status)));
    }
  }

  /** For `HealthCheckService.check([() => stan.isHealthy('stan')])`, and for a controller of one's own. */
  isHealthy<Key extends string = 'stan'>(
    key: Key = 'stan' as Key,
  ): Record<Key, { status: 'up' | 'down'; [connection: string]: string }> {
    const connections = Object.fromEntries(this.latest);
    const isUp = [...this.latest.values()].every((status) => status === 'connected');
    const result = { ...connections, status: isUp ? 'up' : 'down' } as const;
    return { [key]: result } as unknown as Record<Key, { status: 'up' | 'down'; [connection: string]: string }>;
  }

  /** Stops watching. */
  close(): void {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }
}
