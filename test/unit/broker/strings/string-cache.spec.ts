import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { StringCache } from '../../../../lib/broker/strings/string-cache.js';

describe('StringCache', () => {
  it.each(['latin1', 'utf8'] as const)('reads any bytes as a Buffer would, however often: %s', (encoding) => {
    // Few letters, so that strings repeat and share slots; with invalid UTF-8 and characters of two and three bytes.
    const piece = fc.constantFrom('a', 'b', '\u00e9', '\u00ff', '\u20ac').map((character) => Buffer.from(character));
    const odd = fc.constantFrom(0xe9, 0xc3, 0xff, 0x61).map((byte) => Buffer.from([byte]));
    const bytes = fc.array(fc.oneof(piece, odd), { maxLength: 5 }).map((parts) => Buffer.concat(parts));
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 200 }), (all) => {
        const cache = new StringCache(encoding);
        expect(all.map((one) => cache.read(one, 0, one.length))).toEqual(all.map((one) => one.toString(encoding)));
      }),
    );
  });

  it('reads long strings, and strings in the middle of other bytes', () => {
    const cache = new StringCache('latin1');
    const long = 'x'.repeat(1_000);
    const bytes = Buffer.from(`..${long}..`);
    expect([cache.read(bytes, 2, 1_002), cache.read(bytes, 2, 5), cache.read(bytes, 3, 3)]).toEqual([long, 'xxx', '']);
  });
});
