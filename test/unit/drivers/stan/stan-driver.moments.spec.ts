import { describe, expect, it } from 'vitest';

import type { DriverEvent } from '../../../../lib/core/driver/driver-event.js';
import type { DriverSubscriptionRequest } from '../../../../lib/core/driver/driver.js';
import { SessionLostError, StanClosedError } from '../../../../lib/core/errors/index.js';
import { StanDriver } from '../../../../lib/drivers/stan/stan-driver.js';
import { nextTurn } from '../../../support/wait.js';
import { cleanUpAfterTest } from '../../../support/cleanup.js';
import { plainRequest, ScriptedClient, SessionScene } from './scripted-client.js';

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
    // Nobody answers its goodbyes.
    await clock.advance(60_000);
    await closing;
  });
  return { driver, clients, clock, events, connecting };
}

const request: DriverSubscriptionRequest = { ...plainRequest, resumeAt: () => 'new' };

/** A driver whose first session is up, with one confirmed subscription. */
async function subscribedDriver() {
  const scene = scriptedDriver();
  const { driver, clients, connecting, clock, events } = scene;
  clients[0]!.emit('connect');
  await connecting;
  const subscribing = driver.subscribe(request, () => undefined);
  await nextTurn();
  clients[0]!.subscriptions[0]!.emit('ready');
  await subscribing;
  /** The present session is lost, and the next one is there. */
  const nextSession = async (): Promise<ScriptedClient> => {
    clients.at(-1)!.emit('connection_lost', new Error('gone'));
    await nextTurn();
    clients.at(-1)!.emit('connect');
    await nextTurn();
    return clients.at(-1)!;
  };
  const statuses = (): string[] => events.flatMap((event) => (event.type === 'status' ? [event.status] : []));
  return { driver, clients, clock, events, nextSession, statuses };
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

describe('a driver that was closed', () => {
  it('begins no session, and says nothing of one', async () => {
    const { options, clock } = new SessionScene();
    const clients: ScriptedClient[] = [];
    const driver = new StanDriver(options, {
      clock,
      vendorConnect: () => {
        clients.push(new ScriptedClient());
        return clients.at(-1);
      },
    });
    await driver.close();
    const events: DriverEvent[] = [];
    driver.on((event) => events.push(event));
    await expect(driver.connect()).rejects.toBeInstanceOf(StanClosedError);
    expect([clients, events]).toEqual([[], []]);
  });
});

describe('a driver with subscriptions', () => {
  it('is connected again only when one that was added meanwhile is there as well', async () => {
    const { driver, nextSession, statuses } = await subscribedDriver();
    const client = await nextSession();
    const adding = driver.subscribe({ ...request, subject: 'added' }, () => undefined);
    await nextTurn();
    const [again, added] = client.subscriptions;
    again!.emit('ready');
    await nextTurn();
    expect(statuses().at(-1)).toBe('reconnecting');
    added!.emit('ready');
    await adding;
    await nextTurn();
    expect(statuses().at(-1)).toBe('connected');
  });

  it('reports no failed attempt where a session is lost before they are there again', async () => {
    const { events, nextSession, statuses } = await subscribedDriver();
    await nextSession();
    const client = await nextSession();
    client.subscriptions[0]!.emit('ready');
    await nextTurn();
    expect(client.subscriptions).toHaveLength(1);
    expect(statuses().at(-1)).toBe('connected');
    expect(events.filter(({ type }) => type === 'subscribeAttemptFailed')).toEqual([]);
  });

  it('waits before it asks once more for one that was refused', async () => {
    const { events, clock, nextSession } = await subscribedDriver();
    const { subscriptions } = await nextSession();
    subscriptions[0]!.emit('error', new Error('stan: duplicate durable registration'));
    await nextTurn();
    expect(subscriptions).toHaveLength(1);
    const [failed] = events.flatMap((event) => (event.type === 'subscribeAttemptFailed' ? [event] : []));
    await clock.advance((failed?.retryInMs ?? 0) - 1);
    expect(subscriptions).toHaveLength(1);
    await clock.advance(1);
    expect(subscriptions).toHaveLength(2);
  });

  it('warns of each problem of its connection, however often it comes', async () => {
    const { clients, events } = await subscribedDriver();
    const denied = new Error('permissions violation');
    for (const times of [1, 2]) {
      clients[0]!.nc?.emit('permission_error', denied);
      expect(events.filter(({ type }) => type === 'warning')).toHaveLength(times);
    }
  });
});
