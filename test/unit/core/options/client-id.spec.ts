import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../../lib/core/errors/index.js';
import { durableQueue, uniqueClientId } from '../../../../lib/core/options/index.js';

describe('uniqueClientId', () => {
  it('makes a function whose every call is another legal client id that begins with the prefix', () => {
    const next = uniqueClientId('orders');
    const ids = Array.from({ length: 1_000 }, next);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^orders(-[a-zA-Z0-9_-]+)?-[0-9a-f]{12}$/);
  });

  it('stays within 110 characters', () => {
    expect(uniqueClientId('x'.repeat(64))().length).toBeLessThanOrEqual(110);
  });

  it.each(['', 'a b', 'a.b', 'ž', 'x'.repeat(65), undefined, 7])('refuses the prefix %o', (prefix) => {
    const make = () => uniqueClientId(prefix as string);
    expect(make).toThrow(InvalidOptionError);
    expect(make).toThrow(/option "prefix" of uniqueClientId\(\)/);
  });
});

describe('durableQueue', () => {
  it('is the frozen trio that belongs together', () => {
    const trio = durableQueue('orders');
    expect(trio).toEqual({ queueGroup: 'orders', durableName: 'orders', startAt: 'first' });
    expect(Object.isFrozen(trio)).toBe(true);
  });

  it.each(['', ' ', 'a:b', undefined, 7])('refuses the name %o', (name) => {
    const make = () => durableQueue(name as string);
    expect(make).toThrow(InvalidOptionError);
    expect(make).toThrow(/option "name" of durableQueue\(\)/);
  });
});
