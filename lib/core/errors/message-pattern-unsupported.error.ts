import { StanError } from './stan.error.js';

const insteadOf = {
  '@MessagePattern': 'use @EventPattern or @StanEventPattern, and another transport (NATS, TCP, HTTP) for requests',
  'send()': 'use emit() or emitAsync(), and a client of another transport (NATS, TCP, HTTP) for requests',
} as const;

/**
 * A request was made of an event bus: `@MessagePattern` on a handler, or `send()` on a client.
 * @publicApi
 */
export class MessagePatternUnsupportedError extends StanError {
  readonly code = 'STAN_MESSAGE_PATTERN_UNSUPPORTED';

  constructor(
    readonly usage: '@MessagePattern' | 'send()',
    readonly pattern: string,
    options?: ErrorOptions,
  ) {
    super(
      `${usage} with "${pattern}": STAN is a one-way event bus and carries no replies; ${insteadOf[usage]}`,
      options,
    );
  }
}
