import { InvalidOptionError } from '../errors/invalid-option.error.js';
import type { OptionPlace } from '../option-rules/option-group.js';
import type { ResolvedSubscriptionOptions } from './subscription-options.js';
import { durableQueueNameExpected, isDurableQueueName } from './subscription-options.js';

/** Options that say what follows a failure; with acks on delivery the server has forgotten the event by then. */
const failureOptions = ['retry', 'maxDeliveries', 'deadLetter'] as const;

/**
 * Refuses options of one subscription that are legal one by one and make no sense together.
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function refuseContradictions(options: ResolvedSubscriptionOptions, { owner }: OptionPlace): void {
  const { queueGroup, durableName, ackMode, deadLetter, onUndecodable } = options;
  if (queueGroup !== undefined && durableName !== undefined && !isDurableQueueName(durableName)) {
    const expected = `${durableQueueNameExpected}, beside a queueGroup`;
    throw new InvalidOptionError('durableName', expected, durableName, { owner });
  }
  if (ackMode === 'onDelivery') refuseFailureOptions(options, owner);
  if (onUndecodable === 'deadLetter' && deadLetter === undefined) {
    const expected = '"leave" or "ack", or deadLetter: { subject } beside it';
    throw new InvalidOptionError('onUndecodable', expected, onUndecodable, { owner });
  }
}

function refuseFailureOptions(options: ResolvedSubscriptionOptions, owner: string | undefined): void {
  for (const name of failureOptions) {
    if (options[name] === undefined) continue;
    const expected =
      'false, since with ackMode "onDelivery" the server counts an event as done before the handler runs';
    throw new InvalidOptionError(name, expected, options[name], { owner });
  }
}
