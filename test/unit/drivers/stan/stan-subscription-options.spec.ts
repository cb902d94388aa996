import { StartPosition, connect } from 'node-nats-streaming';
import type { SubscriptionOptions } from 'node-nats-streaming';
import { describe, expect, it } from 'vitest';

import type { DriverSubscriptionRequest } from '../../../../lib/core/driver/driver.js';
import type { StartAt } from '../../../../lib/core/options/index.js';
import { toSubscriptionOptions } from '../../../../lib/drivers/stan/stan-subscription-options.js';

/** Only a client makes them; this one never gets as far as a server. */
function vendorSubscriptionOptions(): SubscriptionOptions {
  const client = connect('test-cluster', 'options', { url: 'nats://127.0.0.1:1' });
  client.on('error', () => undefined);
  client.close();
  return client.subscriptionOptions();
}

const request: DriverSubscriptionRequest = {
  subject: 'ticket:created',
  queueGroup: undefined,
  durableName: undefined,
  startAt: 'first',
  ackWaitMs: 12_000,
  maxInFlight: 33,
  manualAck: false,
  resumeAt: () => 'first',
};
const optionsOf = (startAt: StartAt, more: Partial<DriverSubscriptionRequest> = {}): SubscriptionOptions =>
  toSubscriptionOptions(vendorSubscriptionOptions(), { ...request, ...more }, startAt);

describe("the vendor's subscription options", () => {
  it.each<[StartAt, object]>([
    ['new', { startPosition: StartPosition.NEW_ONLY }],
    ['lastReceived', { startPosition: StartPosition.LAST_RECEIVED }],
    ['first', { startPosition: StartPosition.FIRST }],
    [{ sequence: 41 }, { startPosition: StartPosition.SEQUENCE_START, startSequence: 41 }],
  ])('start at %j', (startAt, expected) => {
    expect(optionsOf(startAt)).toMatchObject(expected);
  });

  it('start at a time, or a time ago in whole milliseconds', () => {
    const time = new Date(Date.now() - 60_000);
    const sinceTimeNs = Number(optionsOf({ time }).startTime);
    expect(sinceTimeNs).toBeGreaterThanOrEqual(60_000e6);
    expect(sinceTimeNs).toBeLessThan(90_000e6);
    expect(optionsOf({ agoMs: 1_234.4 })).toMatchObject({
      startPosition: StartPosition.TIME_DELTA_START,
      startTime: 1_234_000_000,
    });
  });

  it('carry ack wait and window, and never ack by themselves: the driver acks', () => {
    expect(optionsOf('new')).toMatchObject({ maxInFlight: 33, ackWait: 12_000, manualAcks: true });
    expect(optionsOf('new', { manualAck: true })).toMatchObject({ manualAcks: true });
  });

  it('have a durable name only where there is one', () => {
    expect(optionsOf('new').durableName ?? '').toBe('');
    expect(optionsOf('new', { durableName: 'orders' })).toMatchObject({ durableName: 'orders' });
  });
});
