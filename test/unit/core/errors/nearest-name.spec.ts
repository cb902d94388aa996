import { describe, expect, it } from 'vitest';
import { nearestName } from '../../../../lib/core/errors/nearest-name.js';

describe('the nearest known name', () => {
  it.each([
    ['prot', ['host', 'port', 'store'], 'port'],
    ['maxChanels', ['maxBytes', 'maxChannels'], 'maxChannels'],
    ['sd', ['st', 'SD'], 'SD'],
  ])('of %s among %j is %s', (name, known, nearest) => {
    expect(nearestName(name, known)).toBe(nearest);
  });
});
