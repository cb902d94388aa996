import { describe, expect, it } from 'vitest';

import type { DriverEvent } from '../../../../lib/core/driver/driver-event.js';
import { SessionLostError, StanClosedError } from '../../../../lib/core/errors/index.js';
import { StanDriver } from '../../../../lib/drivers/stan/stan-driver.js';
import { nextTurn } from '../../../support/wait.js';
import { cleanUpAfterTest } from '../../../support/cleanup.js';
import { ScriptedClient, SessionScene } from './scripted-client.js';

/** A driver over scripted clients, one for each attempt. */
function scriptedDriver() {
  const clients: ScriptedClient[] = [];
  const events: DriverEvent[] = [];
  const { options, clock } = new SessionScene();
  const vendorConnect = (): ScriptedClient => {
    const client = new ScriptedClient();
    clients.push(client);
    return client;
  };
  const driver = new StanDriver(options, { random: () => 0, clock, vendorConnect });
  driver.on((event) => events.push(event));
  const connecting = driver.connect().then(
    () => undefined,
    (error: unknown) => error,
  );
  cleanUpAfterTest(async () => {
    const closing = driver.close();
    clients.at(-1)?.emit('close');
    await closing;
  });
  return { driver, clients, clock, events, connecting };
}

describe('a session that has just been opened', () => {
  it('is said goodbye to where the driver was closed in the same moment', async () => {
    const { driver, clients, connecting } = scriptedDriver();
    clients[0]!.emit('connect');
    const closing = driver.close();
    expect(await connecting).toBeInstanceOf(StanClosedError);
    expect(((await connecting) as Error).message).toContain('connect');
    await nextTurn();
    expect(clients[0]!.closeCount).toBe(1);
    clients[0]!.emit('close');
    await closing;
    expect(driver.isReady()).toBe(false);
    expect(clients).toHaveLength(1);
  });

  it('is a failed attempt where it is lost in the same moment, and the next one is made', async () => {
    const { driver, clients, clock, events, connecting } = scriptedDriver();
    clients[0]!.emit('connect');
    clients[0]!.emit('connection_lost', new Error('gone'));
    await nextTurn();
    const [failed] = events.flatMap((event) => (event.type === 'connectAttemptFailed' ? [event] : []));
    expect(failed).toMatchObject({ attempt: 1, error: expect.any(SessionLostError) as unknown });
    expect(failed?.error.message).toContain('it closed right after it opened');
    await clock.advance(failed?.retryInMs ?? 0);
    clients[1]!.emit('connect');
    expect(await connecting).toBeUndefined();
    expect(driver.isReady()).toBe(true);
  });
});
