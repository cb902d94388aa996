import { EventPattern } from '@nestjs/microservices';

import type { StanSubscriptionOptions } from '../../core/options/index.js';
import { STAN_TRANSPORT } from '../stan-transport.js';
import { handlerNameKey } from './handler-name.js';

/**
 * Subscribes a controller's method to a subject, over this transport alone. Same options as the extras of
 * `@EventPattern(subject, extras)`, but typed, and it compiles on every method, whatever its arguments.
 * @param subject - the STAN subject (channel), without wildcards
 * @param options - over the server's defaults (`ServerStan`'s option `subscription`)
 * @param transport - which server of an app with several: the id given to it by `setTransportId()`
 * @publicApi
 */
export function StanEventPattern(
  subject: string,
  options: StanSubscriptionOptions = {},
  transport: symbol = STAN_TRANSPORT,
): MethodDecorator {
  return (target, propertyKey, descriptor) => {
    const handlerName = `${target.constructor.name}.${String(propertyKey)}`;
    const decorate = EventPattern<string>(subject, transport, { ...options, [handlerNameKey]: handlerName });
    // Nest types its decorator by the method's arguments; ours is for any method.
    decorate(target, propertyKey, descriptor);
  };
}
