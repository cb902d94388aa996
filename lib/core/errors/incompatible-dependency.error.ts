import { describeValue } from './describe-value.js';
import { StanError } from './stan.error.js';

/**
 * What is known about a package that differs from the one this library was written against.
 * @publicApi
 */
export interface IncompatibleDependencyFacts {
  /** The package, e.g. `nats`. */
  readonly dependency: string;
  /** The installed version; `undefined` where it could not be read, e.g. in a bundled application. */
  readonly version: string | undefined;
  /** The version, or range, that the library was tested with. */
  readonly testedVersion: string;
  /** The member that is missing or of another kind, e.g. `Client.sendCommand`. */
  readonly member: string;
  /** What was expected there, e.g. "a function". */
  readonly expected: string;
}

/** The rest of the facts: not part of the public fields. */
interface IncompatibleDependencyOptions extends ErrorOptions {
  readonly got?: unknown;
  /** What the library does without the member, where it carries on. */
  readonly fallback?: string;
}

/**
 * An installed package lacks an internal that this library relies on. Thrown, or rejects `connect()`, where there is no
 * other way; a `warning` where the library carries on without it.
 * @publicApi
 */
export class IncompatibleDependencyError extends StanError implements IncompatibleDependencyFacts {
  readonly code = 'STAN_INCOMPATIBLE_DEPENDENCY';
  readonly dependency: string;
  readonly version: string | undefined;
  readonly testedVersion: string;
  readonly member: string;
  readonly expected: string;

  constructor(facts: IncompatibleDependencyFacts, options: IncompatibleDependencyOptions = {}) {
    const { dependency, version = '(unknown version)', testedVersion, member, expected } = facts;
    const { got, fallback, ...errorOptions } = options;
    const consequence = fallback === undefined ? '' : `${fallback}; `;
    super(
      `${dependency} ${version}: ${member} must be ${expected}, got ${describeValue(got)}; ${consequence}` +
        `install ${dependency} ${testedVersion}, which nestjs-stan is tested with (npm: "overrides", yarn: "resolutions")`,
      errorOptions,
    );
    this.dependency = dependency;
    this.version = facts.version;
    this.testedVersion = testedVersion;
    this.member = member;
    this.expected = expected;
  }
}
