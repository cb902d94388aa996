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
  refuseCountingContradictions(options, owner);
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

function refuseCountingContradictions(options: ResolvedSubscriptionOptions, owner: string | undefined): void {
  const { version, inbox, ackMode, ackWaitMs } = options;
  const name = version === undefined ? 'inbox' : 'version';
  if (version === undefined && inbox === undefined) return;
  if (version !== undefined && inbox !== undefined) {
    throw new InvalidOptionError('inbox', 'false beside version, which counts each event once already', inbox, {
      owner,
    });
  }
  if (ackMode !== 'afterHandler') {
    throw new InvalidOptionError(
      'ackMode',
      `"afterHandler" beside ${name}: the event is acked after the commit`,
      ackMode,
      {
        owner,
      },
    );
  }
  if (version !== undefined && version.waitMs >= ackWaitMs / 2) {
    const expected = `less than half of ackWaitMs (${String(ackWaitMs)})`;
    throw new InvalidOptionError('version.waitMs', expected, version.waitMs, { owner });
  }
}
