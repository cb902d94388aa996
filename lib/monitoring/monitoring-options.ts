import { Expect, ExpectDurationMs } from '../core/options/expect.decorator.js';
import type { RulesFor } from '../core/options/option-group.js';
import { readOptionGroup } from '../core/options/option-group.js';

/**
 * Where the server's monitoring port is, and how long to wait for it.
 * @publicApi
 */
export interface StanMonitoringOptions {
  /**
   * The monitoring port of the server, as given to it with `-m`.
   * Limits: an http:// or https:// URL; a path in it is kept, for servers behind a proxy; user and password become basic
   * authentication.
   * @defaultValue 'http://127.0.0.1:8222'
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-streaming-server 0.25.6 README (Monitoring).
   */
  readonly url?: string;
  /**
   * Time that one answer may take, its body included.
   * Unit: milliseconds, 1 to 2147483647. A server with very many channels needs a while for `channelsz` with subscriptions.
   * @defaultValue 5000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  readonly timeoutMs?: number;
}

/** @internal */
export const monitoringDefaults = {
  url: 'http://127.0.0.1:8222',
  timeoutMs: 5_000,
} as const satisfies StanMonitoringOptions;

class MonitoringRules implements RulesFor<StanMonitoringOptions> {
  @Expect('an http:// or https:// URL', isHttpUrl)
  readonly url: unknown;

  @ExpectDurationMs({ min: 1 })
  readonly timeoutMs: unknown;
}

/**
 * Makes the options complete: validated, with defaults, frozen.
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function resolveMonitoringOptions(input: StanMonitoringOptions): Readonly<Required<StanMonitoringOptions>> {
  const given = readOptionGroup<StanMonitoringOptions>(MonitoringRules, input, { owner: 'StanMonitoring' });
  return Object.freeze({ ...monitoringDefaults, ...given });
}

function isHttpUrl(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}
