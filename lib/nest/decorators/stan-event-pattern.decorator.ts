import { EventPattern } from '@nestjs/microservices';

import { InvalidOptionError } from '../../core/errors/invalid-option.error.js';
import { MessagePatternUnsupportedError } from '../../core/errors/message-pattern-unsupported.error.js';
import type { StanSubscriptionOptions } from '../../core/options/index.js';
import { STAN_TRANSPORT } from '../stan-transport.js';
import { clearExtras, declarationsIn, declarationsKey, nestPatternsOf } from './declared-patterns.js';
import type { DeclaredPattern, MethodDeclarations, NestPatterns } from './declared-patterns.js';

/**
 * Subscribes a controller's method to a subject, or to each of several, over this transport alone. Same options as the
 * extras of `@EventPattern(subject, extras)`, but typed, and it compiles on every method, whatever its arguments. A method
 * may have it more than once, also beside `@EventPattern`: each makes a subscription with its own options.
 * @param subject - the STAN subject (channel), without wildcards; or an array of them
 * @param options - over the server's defaults (`ServerStan`'s option `subscription`)
 * @param transport - which server of an app with several: the id given to it by `setTransportId()`; the same for all
 * decorators of one method
 * @throws InvalidOptionError (STAN_INVALID_OPTION), MessagePatternUnsupportedError (STAN_MESSAGE_PATTERN_UNSUPPORTED) for
 * decorators that Nest cannot keep on one method
 * @publicApi
 */
export function StanEventPattern(
  subject: string | readonly string[],
  options: StanSubscriptionOptions = {},
  transport: symbol = STAN_TRANSPORT,
): MethodDecorator {
  return (target, propertyKey, descriptor) => {
    const method = descriptor.value as object;
    const handlerName = `${target.constructor.name}.${String(propertyKey)}`;
    const below = nestPatternsOf(method);
    if (below !== undefined) refuseMixed(below, transport, handlerName);
    const declared = [subject].flat().map((pattern) => ({ pattern, options, transport }));
    const patterns = [...(below === undefined ? [] : declarationsOf(below)), ...declared];
    clearExtras(method);
    const declarations: MethodDeclarations = { handlerName, patterns };
    // Nest keeps one transport for all patterns: one of `@EventPattern` is for every server, and stays so.
    const shared = patterns.every((pattern) => pattern.transport === transport) ? transport : undefined;
    const decorate = EventPattern<unknown>(
      patterns.map(({ pattern }) => pattern),
      shared as symbol,
      { [declarationsKey]: declarations },
    );
    // Nest types its decorator by the method's arguments; ours is for any method.
    decorate(target, propertyKey, descriptor);
  };
}

function refuseMixed(below: NestPatterns, transport: symbol, owner: string): void {
  if (below.isMessageHandler)
    throw new MessagePatternUnsupportedError('@MessagePattern', `${owner}: ${String(below.patterns[0])}`);
  if (below.transport === undefined || below.transport === transport) return;
  throw new InvalidOptionError(
    'transport',
    'one transport for all decorators of a method, since Nest keeps only one; give the other pattern a method of its own',
    below.transport,
    { owner },
  );
}

/** What is on the method already: our own, or a single `@EventPattern`, whose options are then kept apart. */
function declarationsOf({ patterns, transport, extras }: NestPatterns): readonly DeclaredPattern[] {
  const ours = declarationsIn(extras)?.patterns ?? [];
  if (patterns.every((pattern) => ours.some((declared) => declared.pattern === pattern))) return ours;
  // By name alone: what stands under our symbol is no option.
  const options: StanSubscriptionOptions = Object.fromEntries(Object.entries(extras));
  return [...ours, ...patterns.map((pattern) => ({ pattern, options, transport }))];
}
