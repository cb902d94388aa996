import { decodeHeaders } from '../wire/headers.js';

/** W3C trace context: version, trace id, parent id, flags; an id of zeros is none. */
const traceparent = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;

/**
 * The trace that an event's publisher has put into its headers, or `undefined`.
 * @internal
 */
export function traceIdIn(headerText: string): string | undefined {
  if (!headerText.includes('traceparent=')) return undefined;
  return traceparent.exec(decodeHeaders(headerText).get('traceparent') ?? '')?.[1];
}
