import { InvalidOptionError } from '../../core/errors/invalid-option.error.js';
import type { InvalidOptionDetails } from '../../core/errors/invalid-option.error.js';

/**
 * An option of the broker has a value that it cannot work with, or a name that it does not know.
 * @publicApi
 */
export class BrokerOptionError extends InvalidOptionError {
  constructor(option: string, received: unknown, expected: string, details: InvalidOptionDetails = {}) {
    super(option, expected, received, details);
  }
}
