import { nearestName } from './nearest-name.js';
import { StanError } from './stan.error.js';

/**
 * A client with a contract was asked to publish to a subject that the contract does not have. Nothing was sent.
 * @publicApi
 */
export class SubjectNotInContractError extends StanError {
  readonly code = 'STAN_SUBJECT_NOT_IN_CONTRACT';
  /** The subject of the contract that is most like the one that was given. */
  readonly nearest: string | undefined;

  constructor(
    readonly subject: string,
    readonly subjects: readonly string[],
    options?: ErrorOptions,
  ) {
    const nearest = nearestName(subject, subjects);
    const hint = nearest === undefined ? '.' : `; did you mean ${JSON.stringify(nearest)}?`;
    super(
      `${JSON.stringify(subject)} is not a subject of this client's contract${hint} Nothing was sent; ` +
        `add it to the contract (or to pick()), or publish through a client without one`,
      options,
    );
    this.nearest = nearest;
  }
}
