import { describe, expect, it } from 'vitest';
import { toPublishRefusal } from '../../../../lib/drivers/stan/stan-error-mapping.js';
import { publishRefusals, raftTextsOfOtherCalls } from '../../../support/publish-refusals.js';

const isOf = {
  'tried again, possibly stored': { outcome: 'unknown', retryable: true, mayBeStored: true },
  'final, not stored': { outcome: 'refused', retryable: false, mayBeStored: false },
} as const;

describe('a refusal of a publish', () => {
  it.each(publishRefusals)('"$text" is $is ($source)', ({ text, is }) => {
    const { outcome, cause } = toPublishRefusal('orders', text);
    expect({ outcome, ...read(cause) }).toEqual(isOf[is]);
    expect(cause).toMatchObject({ code: 'STAN_PUBLISH_REFUSED' });
    expect(cause.message).toContain(text);
  });

  it.each(raftTextsOfOtherCalls)('"%s", which no publish is answered with, would be final', (text) => {
    const { outcome, cause } = toPublishRefusal('orders', text);
    expect({ outcome, ...read(cause) }).toEqual(isOf['final, not stored']);
  });

  it('is final where the text only contains one that passes', () => {
    const { cause } = toPublishRefusal('orders', 'the node is not the leader of anything');
    expect(read(cause)).toMatchObject({ retryable: false });
  });
});

function read(cause: object): { retryable: unknown; mayBeStored: unknown } {
  const { retryable, mayBeStored } = cause as { retryable?: unknown; mayBeStored?: unknown };
  return { retryable, mayBeStored };
}
