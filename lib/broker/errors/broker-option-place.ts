import type { OptionPlace } from '../../core/option-rules/option-group.js';
import { BrokerOptionError } from './broker-option.error.js';

/**
 * Where a group of the broker's options stands, for its errors; without a path the outermost.
 * @internal
 */
export function brokerOptionPlace(path?: string): OptionPlace {
  return {
    path,
    refuse: ({ option, expected, received, details }) => new BrokerOptionError(option, received, expected, details),
  };
}
