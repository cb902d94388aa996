import { driverChoice } from '../core/driver/driver-choice.js';
import { defaultsOf, readOptionGroup } from '../core/option-rules/option-group.js';
import type { StanDriverChoice } from '../core/options/driver-choice.js';
import { JetStreamDriver, jetStreamBroker } from '../drivers/jetstream/jetstream-driver.js';
import { streamNameOf } from '../drivers/jetstream/jetstream-names.js';
import { JetStreamOptions, JetStreamStreamOptions } from '../drivers/jetstream/jetstream-options.js';

/**
 * Chooses JetStream, for the option `driver` of `ServerStan`, `ClientStan` and `StanModule`: handlers, options and rules
 * stay. Needs the package `@nats-io/transport-node`, which is loaded when a connection is opened.
 * @throws InvalidOptionError (STAN_INVALID_OPTION), naming the option
 * @publicApi
 */
export function jetstream(options: JetStreamOptions = {}): StanDriverChoice {
  const place = { owner: 'jetstream()' };
  const { stream, ...given } = readOptionGroup(JetStreamOptions, options, place);
  const streamOptions = readOptionGroup(JetStreamStreamOptions, stream ?? {}, { ...place, path: 'stream' });
  const resolved = Object.freeze({
    ...{ streams: 'create' as const, domain: undefined, extendAckWait: false },
    streamName: streamNameOf,
    ...given,
    stream: Object.freeze({ ...defaultsOf(JetStreamStreamOptions), ...streamOptions }),
  });
  return driverChoice(jetStreamBroker, (connection) => new JetStreamDriver(connection, resolved));
}
