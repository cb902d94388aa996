import { connect as dial } from 'node:net';

import { describe, expect, it } from 'vitest';

import {
  CloseTimeoutError,
  NotConnectedError,
  StanClosedError,
  SubscribeFailedError,
  SubscribeTimeoutError,
} from '../../../../lib/core/errors/index.js';
import { freePort } from '../../../support/free-port.js';
import { eventually, latch } from '../../../support/wait.js';
import { DriverScene, connectedScene, startBroker, textsOf } from './driver-scene.js';

describe('a subscription', () => {
  it('is ready once the server has confirmed it, and gets what is stored and what comes', async () => {
    const { scene } = await connectedScene();
    scene.publish('before');
    const subscribed = await scene.subscribe();
    scene.publish('after');
    await eventually(() => expect(textsOf(subscribed)).toEqual(['before', 'after']));
    expect(subscribed.messages[0]).toMatchObject({ subject: 'ticket:created', sequence: 1, redelivered: false });
  });

  it('needs a connection that somebody has asked for', async () => {
    const broker = await startBroker();
    const scene = new DriverScene(broker.port);
    await expect(scene.subscribe()).rejects.toBeInstanceOf(NotConnectedError);
    await expect(scene.subscribe()).rejects.toThrow('subscribe');
  });

  it('waits for the session that is being opened', async () => {
    const broker = await startBroker();
    const scene = new DriverScene(broker.port);
    const connecting = scene.driver.connect();
    const subscribed = await scene.subscribe();
    await connecting;
    scene.publish('a');
    await eventually(() => expect(textsOf(subscribed)).toEqual(['a']));
  });

  it('shares the events of a queue group with its other members', async () => {
    const { scene } = await connectedScene();
    const members = [await scene.subscribe({ queueGroup: 'g' }), await scene.subscribe({ queueGroup: 'g' })];
    for (let index = 0; index < 20; index += 1) scene.publish(String(index));
    await eventually(() => expect(members.flatMap(textsOf)).toHaveLength(20));
    expect(new Set(members.flatMap(textsOf)).size).toBe(20);
  });

  it('starts where its options say', async () => {
    const { scene } = await connectedScene();
    const stored = ['a', 'b', 'c'].map((name) => scene.publish(name));
    await eventually(() => expect(stored.map(({ outcome }) => outcome)).toEqual(['stored', 'stored', 'stored']));
    const [last, second, none] = [
      await scene.subscribe({ startAt: 'lastReceived' }),
      await scene.subscribe({ startAt: { sequence: 2 } }),
      await scene.subscribe({ startAt: 'new' }),
    ];
    scene.publish('d');
    await eventually(() => expect(textsOf(none)).toEqual(['d']));
    await eventually(() => expect(textsOf(last)).toEqual(['c', 'd']));
    await eventually(() => expect(textsOf(second)).toEqual(['b', 'c', 'd']));
  });

  it('acks what is acked, and nothing else: the rest comes again', async () => {
    const { broker, scene } = await connectedScene();
    const subscribed = await scene.subscribe({ ackWaitMs: 1_000 });
    scene.publish('acked');
    scene.publish('forgotten');
    await eventually(() => expect(subscribed.messages).toHaveLength(2));
    expect(subscribed.messages[0]!.ack()).toBe(true);
    await eventually(() => expect(textsOf(subscribed)).toEqual(['acked', 'forgotten', 'forgotten']));
    expect(subscribed.messages[2]).toMatchObject({ sequence: 2, redelivered: true, redeliveryCount: 1 });
    expect(broker.port).toBeGreaterThan(0);
  });

  it('acks on arrival where it is not manual', async () => {
    const { broker, scene } = await connectedScene();
    const acks = broker.faults.duplicate('ack');
    const subscribed = await scene.subscribe({ manualAck: false });
    scene.publish('a');
    await eventually(() => expect(textsOf(subscribed)).toEqual(['a']));
    await eventually(() => expect(acks.hits).toBe(1));
    const manual = await scene.subscribe({ manualAck: true });
    await eventually(() => expect(textsOf(manual)).toEqual(['a']));
    await subscribed.subscription.close();
    expect(acks.hits).toBe(1);
  });
});

describe('a subscription in a later session', () => {
  it('is made again, from where its owner says, with the word whether another server answers', async () => {
    const { broker, scene } = await connectedScene();
    const asked: boolean[] = [];
    const subscribed = await scene.subscribe({
      startAt: 'new',
      resumeAt: (serverChanged) => {
        asked.push(serverChanged);
        return { sequence: 2 };
      },
    });
    const stored = ['a', 'b', 'c'].map((name) => scene.publish(name));
    await eventually(() => expect(textsOf(subscribed)).toEqual(['a', 'b', 'c']));
    expect(stored[2]!.outcome).toBe('stored');
    expect(asked).toEqual([]);
    broker.faults.forgetClient('orders');
    scene.publish('makes it known');
    await scene.statusIs('connected');
    await scene.happened('sessionRestored');
    await eventually(() => expect(textsOf(subscribed)).toEqual(['a', 'b', 'c', 'b', 'c']));
    expect(asked).toEqual([true]);
    // The old session's messages can no longer be acked, those of the new one can.
    expect(subscribed.messages[1]!.ack()).toBe(false);
    expect(subscribed.messages[3]!.ack()).toBe(true);
  });

  it('counts as connected only when all of them are in place, and the failed one is tried again', async () => {
    const { broker, scene } = await connectedScene();
    const [one, two] = [await scene.subscribe({ subject: 'one' }), await scene.subscribe({ subject: 'two' })];
    broker.faults.forgetClient('orders');
    const held = broker.faults.delay('subscribeResponse', 100, { times: 1 });
    scene.publish('makes it known');
    await scene.happened('sessionRestored');
    await scene.statusIs('connected');
    expect(held.hits).toBe(1);
    scene.publish('1', 'one');
    scene.publish('2', 'two');
    await eventually(() => expect([textsOf(one), textsOf(two)]).toEqual([['1'], ['2']]));
  });

  it('stays away where it was closed meanwhile', async () => {
    const { broker, scene } = await connectedScene();
    const { subscription, messages } = await scene.subscribe();
    await broker.stop();
    await scene.happened('transportLost');
    await subscription.close();
    await broker.restart({ state: 'lose' });
    await scene.happened('sessionRestored');
    await scene.statusIs('connected');
    const after = scene.publish('after');
    await eventually(() => expect(after.outcome).toBe('stored'));
    const witness = await scene.subscribe();
    await eventually(() => expect(textsOf(witness)).toEqual(['after']));
    expect(messages).toEqual([]);
  });

  it('goes on over a transport that was cut, with acks of what came before', async () => {
    const { broker, scene } = await connectedScene();
    const subscribed = await scene.subscribe();
    scene.publish('a');
    await eventually(() => expect(textsOf(subscribed)).toEqual(['a']));
    broker.faults.cutConnections();
    await scene.happened('transportRestored');
    expect(subscribed.messages[0]!.ack()).toBe(true);
    scene.publish('b');
    await eventually(() => expect(textsOf(subscribed)).toEqual(['a', 'b']));
  });
});

describe('a request to subscribe', () => {
  it('without an answer costs the session, since the server may have carried it out', async () => {
    const { broker, scene } = await connectedScene();
    broker.faults.drop('subscribeResponse', { times: 1 });
    const subscribed = await scene.subscribe();
    const { error } = await scene.happened('sessionLost');
    expect(error).toBeInstanceOf(SubscribeTimeoutError);
    expect(error.message).toContain('300 ms');
    expect(await scene.happened('subscribeAttemptFailed')).toMatchObject({
      subject: 'ticket:created',
      attempt: 1,
      retryInMs: 20,
    });
    await scene.statusIs('connected');
    scene.publish('a');
    await eventually(() => expect(textsOf(subscribed)).toEqual(['a']));
  });

  it('of a client that the server has forgotten is made again in the next session', async () => {
    const { broker, scene } = await connectedScene({ pingIntervalMs: 60_000 });
    broker.faults.forgetClient('orders');
    const subscribed = await scene.subscribe();
    expect((await scene.happened('sessionLost')).error.message).toContain('the server no longer knows this client');
    expect((await scene.happened('subscribeAttemptFailed')).error).toMatchObject({ code: 'STAN_SESSION_LOST' });
    expect(await scene.happened('sessionRestored')).toMatchObject({ serverChanged: true });
    scene.publish('a');
    await eventually(() => expect(textsOf(subscribed)).toEqual(['a']));
  });

  it('for a durable that is held waits until it is free', async () => {
    const { scene } = await connectedScene();
    const first = await scene.subscribe({ durableName: 'd' });
    const waiting = scene.subscribe({ durableName: 'd' });
    const { error } = await scene.happened('subscribeAttemptFailed');
    expect(error).toBeInstanceOf(SubscribeFailedError);
    expect(error).toMatchObject({ retryable: true });
    expect(error.message).toContain('duplicate durable registration');
    await scene.happenedTimes('subscribeAttemptFailed', 3);
    const attempts = scene.events.flatMap((event) => (event.type === 'subscribeAttemptFailed' ? [event.attempt] : []));
    expect(attempts.slice(0, 3)).toEqual([1, 2, 3]);
    await first.subscription.close();
    const second = await waiting;
    scene.publish('a');
    await eventually(() => expect(textsOf(second)).toEqual(['a']));
    expect(first.messages).toEqual([]);
  });

  it('is given up on after firstConnectTimeoutMs where it cannot be granted', async () => {
    const { scene } = await connectedScene({ reconnect: { firstConnectTimeoutMs: 100 } });
    await scene.subscribe({ durableName: 'd' });
    await expect(scene.subscribe({ durableName: 'd' })).rejects.toBeInstanceOf(SubscribeFailedError);
  });

  it('that the server refuses for good fails at once', async () => {
    const broker = await startBroker({ limits: { maxSubscriptions: 1 } });
    const scene = new DriverScene(broker.port);
    await scene.driver.connect();
    await scene.subscribe();
    await expect(scene.subscribe()).rejects.toMatchObject({ code: 'STAN_SUBSCRIBE_FAILED', retryable: false });
    expect(scene.driver.isReady()).toBe(true);
  });

  it('ends with the driver that is closed', async () => {
    const { broker, scene } = await connectedScene({ connectTimeoutMs: 10_000 });
    const asked = latch();
    broker.faults.drop('subscribeResponse', { where: () => (asked.open(), true) });
    const subscribing = scene.subscribe();
    await asked.wait();
    const refused = subscribing.catch((error: unknown) => error);
    await scene.driver.close();
    expect(await refused).toBeInstanceOf(StanClosedError);
    expect(((await refused) as StanClosedError).message).toContain('subscribe');
  });

  it('ends with the driver that is closed before it had a session', async () => {
    const scene = new DriverScene(await freePort());
    const connecting = scene.driver.connect().catch((error: unknown) => error);
    const subscribing = scene.subscribe().catch((error: unknown) => error);
    await scene.happened('connectAttemptFailed');
    await scene.driver.close();
    expect(await connecting).toBeInstanceOf(StanClosedError);
    expect(await subscribing).toBeInstanceOf(StanClosedError);
    expect(((await subscribing) as StanClosedError).message).toContain('subscribe');
    expect(scene.types.at(-1)).toBe('closed');
  });

  it('ends with the driver that is closed while it waits for its next try', async () => {
    const { scene } = await connectedScene({ reconnect: { initialDelayMs: 60_000, maxDelayMs: 60_000 } });
    await scene.subscribe({ durableName: 'd' });
    const waiting = scene.subscribe({ durableName: 'd' }).catch((error: unknown) => error);
    await scene.happened('subscribeAttemptFailed');
    await scene.driver.close();
    expect(await waiting).toBeInstanceOf(StanClosedError);
    expect(((await waiting) as StanClosedError).message).toContain('subscribe');
  });
});

describe('closing a subscription', () => {
  it('takes it from the server, keeps a durable, and is done once', async () => {
    const { scene } = await connectedScene();
    const durable = await scene.subscribe({ durableName: 'd', queueGroup: 'g' });
    scene.publish('a');
    await eventually(() => expect(textsOf(durable)).toEqual(['a']));
    expect(durable.messages[0]!.ack()).toBe(true);
    const closing = durable.subscription.close();
    expect(durable.subscription.close()).toBe(closing);
    await closing;
    expect(durable.messages[0]!.ack()).toBe(false);
    const later = scene.publish('b');
    await eventually(() => expect(later.outcome).toBe('stored'));
    expect(textsOf(durable)).toEqual(['a']);
    const resumed = await scene.subscribe({ durableName: 'd', queueGroup: 'g' });
    await eventually(() => expect(textsOf(resumed)).toEqual(['b']));
    expect(scene.types).toEqual(['connecting', 'connected']);
  });

  it('leaves nothing at the server where it was being made again and not confirmed yet', async () => {
    const { broker, scene } = await connectedScene({ connectTimeoutMs: 5_000 });
    const group = { queueGroup: 'g', durableName: 'd' };
    const { subscription, messages } = await scene.subscribe(group);
    const confirmation = broker.faults.delay('subscribeResponse', 200, { times: 1 });
    broker.faults.forgetClient('orders');
    scene.publish('makes it known');
    await eventually(() => expect(confirmation.hits).toBe(1));
    await subscription.close();
    const other = await scene.subscribe(group);
    for (let index = 0; index < 10; index += 1) scene.publish(String(index));
    await eventually(() => expect(other.messages).toHaveLength(10));
    expect(messages).toEqual([]);
    expect(scene.types).not.toContain('warning');
  });

  it('ends the tries to make it again', async () => {
    const broker = await startBroker({ limits: { maxSubscriptions: 1 } });
    const [scene, other] = [new DriverScene(broker.port), new DriverScene(broker.port, { clientId: 'other' })];
    await Promise.all([scene.driver.connect(), other.driver.connect()]);
    const { subscription, messages } = await scene.subscribe();
    broker.faults.forgetClient('orders');
    const inTheWay = await other.subscribe();
    scene.publish('makes it known');
    await scene.happened('subscribeAttemptFailed');
    await subscription.close();
    await inTheWay.subscription.close();
    await scene.statusIs('connected');
    const after = await other.subscribe();
    const published = other.publish('a');
    await eventually(() => expect([published.outcome, textsOf(after)]).toEqual(['stored', ['a']]));
    expect(messages).toEqual([]);
  });

  it('reports a request that gets no answer, and goes on', async () => {
    const { broker, scene } = await connectedScene();
    const { subscription } = await scene.subscribe();
    broker.faults.drop('unsubscribeResponse');
    await subscription.close();
    const { error } = await scene.happened('warning');
    expect(error).toBeInstanceOf(CloseTimeoutError);
    expect(error.message).toContain('the subscription to "ticket:created"');
    expect(error.message).toContain('300 ms');
    expect(error.cause).toBeInstanceOf(Error);
    expect(scene.driver.isReady()).toBe(true);
  });

  it('says nothing to a server that cannot be reached, and does not wait for it', async () => {
    const { broker, scene } = await connectedScene({ connectTimeoutMs: 60_000 });
    const { subscription } = await scene.subscribe();
    await broker.stop();
    await scene.happened('transportLost');
    await subscription.close();
    expect(scene.types).not.toContain('warning');
  });

  it('comes by itself with the driver, all of them at once', async () => {
    const { broker, scene } = await connectedScene();
    for (const subject of ['one', 'two', 'three']) await scene.subscribe({ subject });
    const goodbyes = broker.faults.duplicate('unsubscribeResponse');
    await scene.driver.close();
    expect(goodbyes.hits).toBe(3);
    expect(scene.types).toEqual(['connecting', 'connected', 'closed']);
  });
});

describe('a message that cannot be read', () => {
  it('is reported and changes nothing else', async () => {
    const { broker, scene } = await connectedScene();
    const subscribed = await scene.subscribe();
    const inbox = Object.keys((scene.driver.native() as { subMap: Record<string, unknown> }).subMap)[0]!;
    const socket = dial(broker.port, '127.0.0.1');
    socket.write(`CONNECT {"verbose":false}\r\nPUB ${inbox} 3\r\n\xff\xff\xff\r\nPING\r\n`, 'latin1');
    const { error } = await scene.happened('warning');
    socket.destroy();
    expect(error).toMatchObject({ code: 'STAN_MALFORMED_MESSAGE' });
    expect(error.message).toContain('"ticket:created"');
    scene.publish('a');
    await eventually(() => expect(textsOf(subscribed)).toEqual(['a']));
  });
});
