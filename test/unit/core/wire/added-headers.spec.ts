import { describe, expect, it } from 'vitest';

import { InvalidHeadersError } from '../../../../lib/core/errors/index.js';
import { decodeHeaders } from '../../../../lib/core/wire/index.js';
import { encodeWithAdded } from '../../../../lib/core/wire/added-headers.js';

const subject = 'ticket:created';
/** Leaves room for one header of about that many bytes below the limit of 4096. */
const fillingUpTo = (bytes: number) => 'x'.repeat(4_096 - bytes);

function sent(own: Record<string, string>, added: Record<string, unknown>): Record<string, string> {
  const all = new Map(Object.entries({ ...own, ...added })) as Map<string, string>;
  return Object.fromEntries(decodeHeaders(encodeWithAdded(subject, all, new Set(Object.keys(own)))));
}

describe('headers that telemetry adds', () => {
  it("travel beside the publisher's own", () => {
    expect(sent({ tenant: 'a' }, { traceparent: '00-1', tracestate: 's' })).toEqual({
      tenant: 'a',
      traceparent: '00-1',
      tracestate: 's',
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ['whose name is not a header name', { 'X-B3': '1' }],
    ['whose value is not text', { sampled: 1 }],
    ['whose value is missing', { sampled: undefined }],
  ])('are left out where there is one %s, and the rest is sent', (_what, bad) => {
    expect(sent({ tenant: 'a' }, { ...bad, traceparent: '00-1' })).toEqual({ tenant: 'a', traceparent: '00-1' });
  });

  it("are left out until the publisher's own fit: vendors' headers first, then baggage, tracestate, traceparent", () => {
    const added = { traceparent: 't'.repeat(50), tracestate: 's'.repeat(50), baggage: 'b'.repeat(50), vendor: 'v' };
    const leftWithRoomFor = (bytes: number) => Object.keys(sent({ own: fillingUpTo(bytes) }, added)).slice(1);
    expect(leftWithRoomFor(300)).toEqual(['traceparent', 'tracestate', 'baggage', 'vendor']);
    expect(leftWithRoomFor(210)).toEqual(['traceparent', 'tracestate', 'baggage']);
    expect(leftWithRoomFor(160)).toEqual(['traceparent', 'tracestate']);
    expect(leftWithRoomFor(100)).toEqual(['traceparent']);
    expect(leftWithRoomFor(40)).toEqual([]);
  });

  it("never make room by leaving out the publisher's own", () => {
    const tooLong = { own: 'x'.repeat(5_000) };
    expect(() => sent(tooLong, { traceparent: '00-1' })).toThrow(InvalidHeadersError);
    expect(() => sent(tooLong, {})).toThrow(/4096/);
  });
});
