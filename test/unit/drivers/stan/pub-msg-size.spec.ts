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

  it('is told for what was asked, whatever was asked before', () => {
    const limit = new DataLimit('orders-0');
    const questions: [limitBytes: number, subject: string, headerBytes: number][] = [
      [1_000, 'a', 0],
      [1_000, 'a', 0],
      [1_000, 'longer', 0],
      [1_000, 'longer', 50],
      [2_000, 'longer', 50],
      [2_000, 'a', 50],
      [2_000, 'a', 0],
      [1_000, 'a', 0],
    ];
    expect(questions.map((question) => limit.of(...question))).toEqual(
      questions.map((question) => new DataLimit('orders-0').of(...question)),
    );
    const [plain, , longer, withHeaders] = questions.map((question) => limit.of(...question));
    expect([plain, longer, withHeaders]).toEqual([1_000 - 64, 1_000 - 69, 1_000 - 121]);
  });

  it('is negative where not even an empty event fits', () => {
    expect(new DataLimit('orders-0').of(20, 'ticket:created', 0)).toBeLessThan(0);
  });
});
