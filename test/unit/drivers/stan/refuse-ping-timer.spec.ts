import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { refusePingTimer } from '../../../../lib/drivers/stan/stan-client.js';
import type { StanClient } from '../../../../lib/drivers/stan/vendor-internals.js';

describe('a client that was ended', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('has no ping timer, and gets none from an answer that comes late', () => {
    const client = { pingTimer: setTimeout(() => undefined, 5_000) };
    refusePingTimer(client as unknown as StanClient);
    expect(vi.getTimerCount()).toBe(0);
    client.pingTimer = setTimeout(() => undefined, 5_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});
