import { describe, expect, it } from 'vitest';
import { DataLimit, pubMsgBytes } from '../../../../lib/drivers/stan/pub-msg-size.js';

describe('the most data that fits into one event', () => {
  it.each([200, 205, 250, 255, 300, 16_500, 16_510, 16_520, 1_048_576, 2_097_152 + 150])(
    'is exact to the byte where the server takes %i',
    (limitBytes) => {
      for (const headerBytes of [0, 1, 130]) {
        const most = new DataLimit('orders-0').of(limitBytes, 'ticket:créé', headerBytes);
        if (most < 0) continue;
        expect(pubMsgBytes('orders-0', 'ticket:créé', most, headerBytes)).toBeLessThanOrEqual(limitBytes);
        expect(pubMsgBytes('orders-0', 'ticket:créé', most + 1, headerBytes)).toBeGreaterThan(limitBytes);
      }
    },
  );

  it('is negative where not even an empty event fits', () => {
    expect(new DataLimit('orders-0').of(20, 'ticket:created', 0)).toBeLessThan(0);
  });
});
