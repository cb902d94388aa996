import { encodeHeaders, isHeaderName } from './headers.js';

/** Names that tracing adds, the first ones the least needed. */
const dispensable = ['baggage', 'tracestate', 'traceparent'];

/**
 * The text form of headers to which telemetry has added after they were checked: what it added must not keep an event from
 * being sent, so it is left out where it is no header or where there is no room for it. `ownNames` are those that the
 * publisher gave.
 * @throws InvalidHeadersError (STAN_INVALID_HEADERS) where the publisher's own are too long
 * @internal
 */
export function encodeWithAdded(
  subject: string,
  headers: ReadonlyMap<string, string>,
  ownNames: ReadonlySet<string>,
): string {
  const all = new Map([...headers].filter(([name, value]) => isHeaderName(name) && typeof value === 'string'));
  const added = [...all.keys()].filter((name) => !ownNames.has(name));
  const leaveOut = [...added].sort((a, b) => rankOf(a) - rankOf(b));
  for (;;) {
    try {
      return encodeHeaders(subject, all);
    } catch (error) {
      const name = leaveOut.shift();
      if (name === undefined) throw error;
      all.delete(name);
    }
  }
}

/** What is not tracing's own goes first. */
function rankOf(name: string): number {
  return dispensable.indexOf(name);
}
