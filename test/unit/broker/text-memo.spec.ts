import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { TextMemo } from '../../../lib/broker/text-memo.js';

describe('TextMemo', () => {
  it.each(['latin1', 'utf8'] as const)('reads any bytes as a Buffer would, however often: %s', (encoding) => {
    // Few letters, so that texts come again and share slots; with bytes that are no UTF-8, and characters of two bytes.
    const piece = fc.constantFrom('a', 'b', '\u00e9', '\u00ff', '\u20ac').map((character) => Buffer.from(character));
    const odd = fc.constantFrom(0xe9, 0xc3, 0xff, 0x61).map((byte) => Buffer.from([byte]));
    const bytes = fc.array(fc.oneof(piece, odd), { maxLength: 5 }).map((parts) => Buffer.concat(parts));
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 200 }), (all) => {
        const memo = new TextMemo(encoding);
        expect(all.map((one) => memo.read(one, 0, one.length))).toEqual(all.map((one) => one.toString(encoding)));
      }),
    );
  });

  it('reads long texts, and texts in the middle of other bytes', () => {
    const memo = new TextMemo('latin1');
    const long = 'x'.repeat(1_000);
    const bytes = Buffer.from(`..${long}..`);
    expect([memo.read(bytes, 2, 1_002), memo.read(bytes, 2, 5), memo.read(bytes, 3, 3)]).toEqual([long, 'xxx', '']);
  });
});
