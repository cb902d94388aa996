import { nearestName } from '../../core/errors/nearest-name.js';
import { BrokerOptionError } from '../errors/broker-option.error.js';

/**
 * Refuses what is no object and every name in it that is not known, telling the nearest one that is. `path` is the group's own
 * name in the broker's options; empty for the outermost.
 * @throws BrokerOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function refuseUnknownOptions(given: object, known: readonly string[], path: string): void {
  if (typeof given !== 'object' || (given as unknown) === null) {
    throw new BrokerOptionError(path === '' ? 'options' : path, given, 'an object');
  }
  for (const [name, value] of Object.entries(given)) {
    if (known.includes(name)) continue;
    // A text under a misspelt name may be a password: of its group only the names are shown.
    const received: unknown = typeof value === 'string' ? given : value;
    const option = path === '' ? name : `${path}.${name}`;
    throw new BrokerOptionError(option, received, 'a known option', { nearest: nearestName(name, known) });
  }
}
