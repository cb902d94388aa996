import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readChannel } from '../../../../lib/cli/dead-letters/channel-reader.js';
import { CommandError } from '../../../../lib/cli/dead-letters/command.error.js';
import { SubscribeFailedError } from '../../../../lib/core/errors/index.js';
import { FakeDriver } from '../../../support/fake-driver.js';
import { eventually } from '../../../support/wait.js';

const patience = { emptyAfterMs: 40, stalledAfterMs: 40 };
const subject = 'dead';

describe('readChannel', () => {
  let driver: FakeDriver;
  const subscriptionNumber = (index: number) =>
    eventually(() => driver.subscriptions[index] ?? false, { intervalMs: 1 });

  beforeEach(async () => {
    driver = new FakeDriver();
    await driver.connect();
  });
  afterEach(() => {
    expect(driver.subscriptions.every(({ closed }) => closed)).toBe(true);
    return driver.close();
  });

  it('takes a channel that sends nothing for an empty one', async () => {
    expect(await readChannel(driver, subject, patience)).toEqual([]);
    expect(driver.subscriptions.map(({ request }) => request.startAt)).toEqual(['lastReceived']);
  });

  it('reads from the first message to what was the last when it began, and no further', async () => {
    const reading = readChannel(driver, subject, patience);
    (await subscriptionNumber(0)).deliver({ sequence: 3 });
    const all = await subscriptionNumber(1);
    for (const sequence of [1, 2, 3, 4]) all.deliver({ sequence, data: `message ${sequence}` });
    const messages = await reading;
    expect(messages.map(({ sequence, data }) => [sequence, data.toString()])).toEqual([
      [1, 'message 1'],
      [2, 'message 2'],
      [3, 'message 3'],
    ]);
    expect(messages[0]?.storedAt.getTime()).toBe(1_700_000_000_001);
  });

  it('fails, rather than showing a part, when the server falls silent before the last message', async () => {
    const reading = readChannel(driver, subject, patience);
    const outcome = expect(reading).rejects.toThrow(/stopped answering after message 1/);
    (await subscriptionNumber(0)).deliver({ sequence: 2 });
    (await subscriptionNumber(1)).deliver({ sequence: 1 });
    await outcome;
  });

  it('fails when the server has a last message and then sends none', async () => {
    const outcome = expect(readChannel(driver, subject, patience)).rejects.toThrow(/sends none/);
    (await subscriptionNumber(0)).deliver({ sequence: 2 });
    await outcome;
  });

  it('goes on where it was in a new session of the same server, and takes no message twice', async () => {
    const reading = readChannel(driver, subject, { emptyAfterMs: 40, stalledAfterMs: 5_000 });
    (await subscriptionNumber(0)).deliver({ sequence: 2 });
    const all = await subscriptionNumber(1);
    all.deliver({ sequence: 1 });
    driver.loseSession();
    driver.restoreSession();
    expect(all.starts).toEqual(['first', { sequence: 2 }]);
    all.deliver({ sequence: 1 });
    all.deliver({ sequence: 2 });
    expect((await reading).map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  it('fails when another server answers in the middle', async () => {
    const outcome = expect(
      readChannel(driver, subject, { emptyAfterMs: 5_000, stalledAfterMs: 5_000 }),
    ).rejects.toThrow(CommandError);
    (await subscriptionNumber(0)).deliver({ sequence: 2 });
    (await subscriptionNumber(1)).deliver({ sequence: 1 });
    driver.loseSession();
    driver.restoreSession({ serverChanged: true });
    await outcome;
  });

  it('fails with what the server said when it refuses the subscription', async () => {
    driver.subscribeErrors.push(new SubscribeFailedError(subject, 'too many channels'));
    await expect(readChannel(driver, subject, patience)).rejects.toThrow(/too many channels/);
  });
});
