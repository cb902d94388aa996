import { describeValue } from './describe-value.js';
import { StanError } from './stan.error.js';

/**
 * What else is known about an option that was refused.
 * @publicApi
 */
export interface InvalidOptionDetails extends ErrorOptions {
  readonly nearest?: string | undefined;
  readonly owner?: string | undefined;
}

/**
 * An option has a value, or a name, that this package does not take. Thrown while options are resolved, before anything is
 * opened.
 * @publicApi
 */
export class InvalidOptionError extends StanError {
  readonly code = 'STAN_INVALID_OPTION';

  /** What was given, in words: never the value itself, which may hold credentials. */
  readonly received: string;
  /** The known option name that is nearest to an unknown one. */
  readonly nearest: string | undefined;
  /** Whose option it is: a handler's method, a class, a function. */
  readonly owner: string | undefined;

  constructor(
    readonly option: string,
    readonly expected: string,
    received: unknown,
    details: InvalidOptionDetails = {},
  ) {
    const { nearest, owner, cause } = details;
    const shown = describeValue(received);
    super(messageOf({ option, expected, shown, nearest, owner }), cause === undefined ? undefined : { cause });
    this.received = shown;
    this.nearest = nearest;
    this.owner = owner;
  }
}

interface MessageParts {
  readonly option: string;
  readonly expected: string;
  readonly shown: string;
  readonly nearest: string | undefined;
  readonly owner: string | undefined;
}

function messageOf({ option, expected, shown, nearest, owner }: MessageParts): string {
  const of = owner === undefined ? '' : ` of ${owner}`;
  const hint = nearest === undefined ? '' : `; did you mean ${JSON.stringify(nearest)}?`;
  return `option "${option}"${of}: expected ${expected}, got ${shown}${hint}`;
}
