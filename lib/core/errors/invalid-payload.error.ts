import { StanError } from './stan.error.js';

/**
 * One thing that a schema found wrong with a payload.
 * @publicApi
 */
export interface PayloadIssue {
  /** Where in the payload, such as `items.0.price`; empty for the payload itself. */
  readonly path: string;
  /** The schema's own words. */
  readonly message: string;
}

/**
 * What else is known about an invalid payload.
 * @publicApi
 */
export interface InvalidPayloadDetails extends ErrorOptions {
  readonly subject: string;
  /** `publish`: nothing was sent. `receive`: the handler was not called. */
  readonly direction: 'publish' | 'receive';
  /** Of an event that was received. */
  readonly sequence?: number | undefined;
  /** Version of the schema that refused it; `undefined` where the version itself is wrong. */
  readonly version?: number | undefined;
  readonly issues: readonly PayloadIssue[];
}

/**
 * The payload of an event is not what its contract says. Another try cannot succeed.
 * @publicApi
 */
export class InvalidPayloadError extends StanError {
  readonly code = 'STAN_INVALID_PAYLOAD';
  readonly subject: string;
  readonly direction: 'publish' | 'receive';
  readonly sequence: number | undefined;
  readonly version: number | undefined;
  /** At most 20, never with the values themselves. */
  readonly issues: readonly PayloadIssue[];

  constructor({ subject, direction, sequence, version, issues, cause }: InvalidPayloadDetails) {
    const event = sequence === undefined ? 'the payload' : `the payload of event ${String(sequence)}`;
    const outcome = direction === 'publish' ? 'nothing was sent' : 'it never reached the handler: see onUndecodable';
    super(
      `${event} for "${subject}" does not fit its contract: ${describeIssues(issues)}; ${outcome}`,
      cause === undefined ? undefined : { cause },
    );
    this.subject = subject;
    this.direction = direction;
    this.sequence = sequence;
    this.version = version;
    this.issues = issues;
  }
}

const shownIssues = 5;

function describeIssues(issues: readonly PayloadIssue[]): string {
  const shown = issues
    .slice(0, shownIssues)
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  const more = issues.length - shown.length;
  return shown.join('; ') + (more > 0 ? `; and ${String(more)} more` : '');
}
