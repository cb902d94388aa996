import { StanError } from '../../../core/errors/stan.error.js';

/**
 * The file store needs a package that is not installed; the memory store needs none.
 * @publicApi
 */
export class StorePackageMissingError extends StanError {
  readonly code = 'STAN_BROKER_START_FAILED';

  constructor(
    /** The package to install. */
    readonly packageName: string,
    options?: ErrorOptions,
  ) {
    super(
      `the file store needs the package "${packageName}", which could not be loaded; run: npm install ${packageName}`,
      options,
    );
  }
}
