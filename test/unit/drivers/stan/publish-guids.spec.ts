import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { PublishGuids } from '../../../../lib/drivers/stan/publish-guids.js';

const numbers = fc.integer({ min: 1, max: 36 ** 10 - 1 });

describe('the guid of a publish', () => {
  it('has 22 characters, and is read back as the number that it was made of', () => {
    const guids = new PublishGuids();
    fc.assert(
      fc.property(numbers, fc.nat(7), (number, at) => {
        const bytes = Buffer.alloc(at + 22);
        expect(guids.write(bytes, at, number)).toBe(at + 22);
        const text = guids.textOf(number);
        expect(text).toMatch(/^[0-9a-z]{22}$/);
        expect(bytes.toString('latin1', at)).toBe(text);
        expect([guids.read(bytes, at), guids.numberOf(text)]).toEqual([number, number]);
      }),
    );
  });

  it('is none of another session', () => {
    const [ours, theirs] = [new PublishGuids(), new PublishGuids()];
    expect(ours.numberOf(theirs.textOf(1))).toBeUndefined();
  });

  it('is none with another character before or behind it', () => {
    const guids = new PublishGuids();
    const guid = guids.textOf(7);
    for (const other of [`${guid}0`, `0${guid}`, guid.slice(1), guid.slice(0, -1)]) {
      expect(guids.numberOf(other)).toBeUndefined();
    }
  });

  it('is none where a digit only looks like one', () => {
    const guids = new PublishGuids();
    const guid = guids.textOf(7);
    for (const digit of ['ı', 'é', '７']) expect(guids.numberOf(guid.slice(0, -1) + digit)).toBeUndefined();
  });

  it.each(['', 'x', '-', '/', ':', 'Z', '`', '{', '~'])('is none where the digits are %j', (digit) => {
    const guids = new PublishGuids();
    const prefix = guids.textOf(1).slice(0, 12);
    const guid = prefix + digit.repeat(10);
    const isNumber = digit === 'x';
    expect(guids.numberOf(guid)).toBe(isNumber ? Number.parseInt(digit.repeat(10), 36) : undefined);
  });
});
