import { InvalidOptionError } from '../errors/invalid-option.error.js';
import type { StanSubscriptionOptions } from './subscription-options.js';
import { durableQueueNameExpected, isDurableQueueName } from './subscription-options.js';

/**
 * The trio that makes a queue group lose nothing: shared work, a position that survives a deploy, and a start at the
 * first event, so that what came before the first start is handled too.
 * @param name - not empty, without `:`; one per service
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @publicApi
 */
export function durableQueue(name: string): DurableQueueOptions {
  if (!isDurableQueueName(name)) {
    throw new InvalidOptionError('name', durableQueueNameExpected, name, { owner: 'durableQueue()' });
  }
  return Object.freeze({ queueGroup: name, durableName: name, startAt: 'first' });
}

/**
 * The part of the subscription options that {@link durableQueue} sets.
 * @publicApi
 */
export interface DurableQueueOptions extends Pick<StanSubscriptionOptions, 'startAt'> {
  readonly queueGroup: string;
  readonly durableName: string;
  readonly startAt: 'first';
}
