import { describe, expect, it } from 'vitest';
import type { StanPublishOptions } from '../../../../lib/core/options/index.js';
import { resolvePublishOptions } from '../../../../lib/core/options/index.js';

describe('resolvePublishOptions', () => {
  it('completes nothing at all with the defaults, frozen', () => {
    const resolved = resolvePublishOptions();
    expect(resolved).toEqual({
      maxPublishInFlight: 1_024,
      maxPendingPublishBytes: 64 * 1_024 * 1_024,
      publishTimeoutMs: 30_000,
      ackTimeoutMs: 2_000,
    });
    expect(Object.isFrozen(resolved)).toBe(true);
  });

  it('keeps what was given', () => {
    const given = { maxPublishInFlight: 1, maxPendingPublishBytes: 1, publishTimeoutMs: 1, ackTimeoutMs: 1 };
    expect(resolvePublishOptions(given)).toEqual(given);
  });

  it.each<[string, unknown]>([
    ['maxPublishInFlight', 0],
    ['maxPublishInFlight', 1.5],
    ['maxPublishInFlight', 2 ** 31],
    ['maxPendingPublishBytes', 0],
    ['maxPendingPublishBytes', 2 ** 53],
    ['publishTimeoutMs', 0],
    ['publishTimeoutMs', '30000'],
    ['publishTimeoutMs', 2 ** 31],
    ['publishTimeout', 5],
  ])('refuses %s: %o by name', (option, value) => {
    const input = { [option]: value } as StanPublishOptions;
    expect(() => resolvePublishOptions(input)).toThrow(new RegExp(`option "${option}": expected`));
  });
});
