import { Expect, ExpectDurationMs } from '../core/option-rules/expect.decorator.js';
import { defaultsOf, readOptionGroup } from '../core/option-rules/option-group.js';

/**
 * Where the server's monitoring port is, and how long to wait for it.
 * @publicApi
 */
export class StanMonitoringOptions {
  /**
   * The monitoring port of the server, as given to it with `-m`.
   * Limits: an http:// or https:// URL; a path in it is kept, for servers behind a proxy; user and password become basic
   * authentication.
   * @defaultValue 'http://127.0.0.1:8222'
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-streaming-server 0.25.6 README (Monitoring).
   */
  @Expect('an http:// or https:// URL', isHttpUrl)
  readonly url?: string = 'http://127.0.0.1:8222';
  /**
   * Time that one answer may take, its body included.
   * Unit: milliseconds, 1 to 2147483647. A server with very many channels needs a while for `channelsz` with subscriptions.
   * @defaultValue 5000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectDurationMs({ min: 1 })
  readonly timeoutMs?: number = 5_000;
}

/**
 * Makes the options complete: validated, with defaults, frozen.
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function resolveMonitoringOptions(input: StanMonitoringOptions): Readonly<Required<StanMonitoringOptions>> {
  const given = readOptionGroup(StanMonitoringOptions, input, { owner: 'StanMonitoring' });
  return Object.freeze({ ...defaultsOf(StanMonitoringOptions), ...given });
}

function isHttpUrl(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}
