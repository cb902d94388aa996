import { describe, expect, it } from 'vitest';
import { nearestName } from '../../../../lib/core/errors/nearest-name.js';

describe('the nearest known name', () => {
  it.each([
    ['prot', ['host', 'port', 'store'], 'port'],
    ['maxChanels', ['maxBytes', 'maxChannels'], 'maxChannels'],
    ['sd', ['st', 'SD'], 'SD'],
    ['maxpayload', ['maxPendingBytes', 'maxPayloadBytes'], 'maxPayloadBytes'],
    ['ackWaitMsec', ['ackWaitMs', 'ackMode'], 'ackWaitMs'],
    ['foo', ['log', 'cid'], undefined],
    ['tls', ['host', 'limits'], undefined],
    ['ackWaitMs', ['clientId', 'maxPingsOut'], undefined],
    ['x', [], undefined],
  ])('of %s among %j is %s', (name, known, nearest) => {
    expect(nearestName(name, known)).toBe(nearest);
  });
});
