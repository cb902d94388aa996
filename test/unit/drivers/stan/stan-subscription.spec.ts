import { describe, expect, it } from 'vitest';

import type { DriverMessage, DriverSubscriptionRequest } from '../../../../lib/core/driver/driver.js';
import {
  CloseTimeoutError,
  IncompatibleDependencyError,
  NotConnectedError,
  SessionLostError,
  StanClosedError,
  SubscribeFailedError,
  SubscribeTimeoutError,
} from '../../../../lib/core/errors/index.js';
import { StanSubscription } from '../../../../lib/drivers/stan/stan-subscription.js';
import { nextTurn } from '../../../support/wait.js';
import { plainRequest, SessionScene } from './scripted-client.js';
import type { ScriptedSubscription } from './scripted-client.js';

/** One subscription over scripted sessions. */
class Scene {
  readonly messages: DriverMessage[] = [];
  readonly closed: unknown[] = [];
  /** What its owner was asked in later sessions: whether another server may answer. */
  readonly asked: boolean[] = [];
  readonly subscription: StanSubscription;

  private constructor(
    readonly first: SessionScene,
    more: Partial<DriverSubscriptionRequest>,
  ) {
    this.subscription = new StanSubscription(
      {
        ...plainRequest,
        startAt: 'new',
        resumeAt: (serverChanged) => {
          this.asked.push(serverChanged);
          return { sequence: 7 };
        },
        ...more,
      },
      (message) => this.messages.push(message),
      first.options,
      (...closed) => this.closed.push(closed),
    );
  }

  static async connected(more: Partial<DriverSubscriptionRequest> = {}): Promise<Scene> {
    return new Scene(await SessionScene.opened(), more);
  }

  /** Asks in a session, and the server confirms. */
  async attached(scene: SessionScene = this.first): Promise<ScriptedSubscription> {
    const attaching = this.subscription.attach(scene.session);
    const native = scene.client.subscriptions.at(-1)!;
    native.emit('ready');
    await attaching;
    return native;
  }

  get payloads(): string[] {
    return this.messages.map(({ data }) => data.toString());
  }
}

async function attachedScene(more: Partial<DriverSubscriptionRequest> = {}) {
  const scene = await Scene.connected(more);
  return { scene, session: scene.first, native: await scene.attached() };
}

/** A `MsgProto` with sequence and data. */
const event = (sequence: number, data: string): Buffer =>
  Buffer.concat([Buffer.from([0x08, sequence, 0x22, data.length]), Buffer.from(data)]);

const failureOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );

describe('what comes for a subscription', () => {
  it('reaches its owner, and is acked where its owner does so', async () => {
    const { scene, session, native } = await attachedScene();
    session.nats.receive(native.inboxSub, event(1, 'a'));
    await nextTurn();
    expect(scene.payloads).toEqual(['a']);
    expect(session.nats.written).toEqual([]);
    expect(scene.messages[0]!.ack()).toBe(true);
    await nextTurn();
    expect(session.nats.written.join('')).toMatch(/^PUB _STAN\.acks \d+\r\n/);
  });

  it('is acked on arrival, after its owner has seen it, where it asked for that', async () => {
    const { scene, session, native } = await attachedScene({ manualAck: false });
    session.nats.receive(native.inboxSub, event(1, 'a'));
    await nextTurn();
    expect(scene.payloads).toEqual(['a']);
    expect(session.nats.written).toHaveLength(1);
  });

  it('is reported where it cannot be read, and what comes next is taken', async () => {
    const { scene, session, native } = await attachedScene();
    session.nats.receive(native.inboxSub, Buffer.from([0xff, 0xff]));
    session.nats.receive(native.inboxSub, event(2, 'b'));
    expect(session.whatWasTold).toEqual(['warning']);
    expect(session.told[0]!.error).toMatchObject({ code: 'STAN_MALFORMED_MESSAGE', cause: expect.any(Error) as Error });
    expect(session.told[0]!.error?.message).toContain('"orders"');
    expect(scene.payloads).toEqual(['b']);
  });

  it('is dropped once it is closed, or its session is over, and acked no more', async () => {
    for (const end of ['close', 'lost'] as const) {
      const { scene, session, native } = await attachedScene();
      session.nats.receive(native.inboxSub, event(1, 'a'));
      const parsedLate = session.client.processMsg() as (text: string) => void;
      if (end === 'close') void scene.subscription.close();
      else session.session.fail(new SessionLostError('orders', 'test'));
      parsedLate(event(2, 'b').toString('latin1'));
      session.nats.receive(native.inboxSub, event(3, 'c'));
      expect(scene.payloads).toEqual(['a']);
      expect(scene.messages[0]!.ack()).toBe(false);
      await nextTurn();
      expect(session.nats.written).toEqual([]);
    }
  });

  it('is not acked on a connection that is closed', async () => {
    const { scene, session, native } = await attachedScene();
    session.nats.receive(native.inboxSub, event(1, 'a'));
    session.nats.closed = true;
    expect(scene.messages[0]!.ack()).toBe(false);
  });

  it('is acked with the confirmation where it came before it', async () => {
    const scene = await Scene.connected();
    const session = scene.first;
    const attaching = scene.subscription.attach(session.session);
    const native = session.client.subscriptions.at(-1)!;
    const { ackInbox } = native;
    native.ackInbox = undefined;
    for (const sequence of [1, 2]) session.nats.receive(native.inboxSub, event(sequence, 'a'));
    expect(scene.messages.map((message) => message.ack())).toEqual([true, true]);
    await nextTurn();
    expect(session.nats.written).toEqual([]);
    native.ackInbox = ackInbox;
    native.emit('ready');
    await attaching;
    await nextTurn();
    expect(session.nats.written.join('').match(/PUB _STAN\.acks /g)).toHaveLength(2);
  });

  it('is not acked where the server has named no inbox for it', async () => {
    const { scene, session, native } = await attachedScene();
    native.ackInbox = undefined;
    session.nats.receive(native.inboxSub, event(1, 'a'));
    expect(scene.messages[0]!.ack()).toBe(false);
  });
});

describe('a request to subscribe', () => {
  it('is one for all who ask for it in a session', async () => {
    const scene = await Scene.connected();
    const { session, client } = scene.first;
    const first = scene.subscription.attach(session);
    expect(scene.subscription.attach(session)).toBe(first);
    expect(scene.subscription.isAttachedTo(session)).toBe(false);
    client.subscriptions[0]!.emit('ready');
    await first;
    expect(scene.subscription.isAttachedTo(session)).toBe(true);
    await scene.subscription.attach(session);
    expect(client.subscriptions).toHaveLength(1);
  });

  it('is made again after one that was refused', async () => {
    const scene = await Scene.connected();
    const { session, client } = scene.first;
    const refused = failureOf(scene.subscription.attach(session));
    client.subscriptions[0]!.emit('error', 'stan: invalid subject');
    expect(await refused).toBeInstanceOf(SubscribeFailedError);
    expect(await refused).toMatchObject({ retryable: false, subject: 'orders' });
    expect(((await refused) as Error).message).toContain('stan: invalid subject');
    await scene.attached();
    expect(client.subscriptions).toHaveLength(2);
    expect(session.isReady()).toBe(true);
  });

  it.each([
    ['stan: duplicate durable registration', SubscribeFailedError, { retryable: true }, []],
    ['stan: unknown clientID', SessionLostError, {}, ['forgotten']],
  ] as const)('that fails with "%s" keeps that as its cause', async (text, type, more, told) => {
    const scene = await Scene.connected();
    const cause = new Error(text);
    const failed = failureOf(scene.subscription.attach(scene.first.session));
    scene.first.client.subscriptions[0]!.emit('error', cause);
    expect(await failed).toBeInstanceOf(type);
    expect(await failed).toMatchObject({ cause, ...more });
    expect(((await failed) as Error).message).toContain(text);
    expect(scene.first.whatWasTold).toEqual(told);
    if (told.length > 0)
      expect(scene.first.told[0]!.error?.message).toContain('the server no longer knows this client');
  });

  it('without an answer ends the session, and says how long it waited', async () => {
    const scene = await Scene.connected();
    const cause = new Error('timeout');
    const failed = failureOf(scene.subscription.attach(scene.first.session));
    scene.first.client.subscriptions[0]!.emit('timeout', cause);
    expect(await failed).toBeInstanceOf(SubscribeTimeoutError);
    expect(await failed).toMatchObject({ cause });
    expect(((await failed) as Error).message).toContain('300 ms');
    expect(scene.first.told).toEqual([{ what: 'lost', error: await failed }]);
  });

  it('that is confirmed without an inbox for acks fails with what is lacking', async () => {
    const scene = await Scene.connected();
    const { session, client, nats } = { ...scene.first, nats: scene.first.nats };
    const failed = failureOf(scene.subscription.attach(session));
    const [native] = client.subscriptions;
    native!.ackInbox = undefined;
    native!.emit('ready');
    expect(await failed).toBeInstanceOf(IncompatibleDependencyError);
    expect(scene.subscription.isAttachedTo(session)).toBe(false);
    nats.receive(native!.inboxSub, event(1, 'a'));
    expect(scene.messages).toEqual([]);
  });

  it('ends with its session: as closed where the driver was closed, else with the reason', async () => {
    const [closed, lost] = [await Scene.connected(), await Scene.connected()];
    const failures = [closed, lost].map((scene) => failureOf(scene.subscription.attach(scene.first.session)));
    void closed.first.session.close();
    closed.first.client.emit('close');
    const reason = new SessionLostError('orders', 'test');
    lost.first.session.fail(reason);
    expect(await failures[0]).toBeInstanceOf(StanClosedError);
    expect(((await failures[0]) as Error).message).toContain('subscribe');
    expect(await failures[1]).toBe(reason);
  });

  it('is not made without a session that is ready', async () => {
    const scene = await Scene.connected();
    scene.first.client.emit('disconnect');
    const failed = await failureOf(scene.subscription.attach(scene.first.session));
    expect(failed).toBeInstanceOf(NotConnectedError);
    expect((failed as Error).message).toContain('subscribe');
  });

  it.each(['timeout', 'error'])('that was confirmed is not touched by a late %s', async (late) => {
    const { scene, session, native } = await attachedScene();
    native.emit(late, new Error('stan: unknown clientID'));
    expect(scene.subscription.isAttachedTo(session.session)).toBe(true);
    expect(session.told).toEqual([]);
  });
});

describe('a subscription in a later session', () => {
  it('asks its owner where to go on, with the word whether the server is another one than when it was last there', async () => {
    const { scene } = await attachedScene();
    const [between, third] = [await SessionScene.opened(), await SessionScene.opened({ possibleRestartCount: 1 })];
    expect(scene.asked).toEqual([]);
    // Never confirmed here: what counts is still the first session.
    failureOf(scene.subscription.attach(between.session)).catch(() => undefined);
    const native = await scene.attached(third);
    expect(scene.asked).toEqual([false, true]);
    expect(native.options['StartAtSequence']).toBe(7);
    await scene.attached(await SessionScene.opened({ possibleRestartCount: 1 }));
    expect(scene.asked).toEqual([false, true, false]);
  });

  it('belongs to that one alone', async () => {
    const { scene, session } = await attachedScene();
    const next = await SessionScene.opened();
    await scene.attached(next);
    expect(scene.subscription.isAttachedTo(session.session)).toBe(false);
    expect(scene.subscription.isAttachedTo(next.session)).toBe(true);
    next.session.fail(new SessionLostError('orders', 'test'));
    expect(scene.subscription.isAttachedTo(next.session)).toBe(false);
  });
});

describe('closing a subscription', () => {
  it('asks the server once, and is done with the answer', async () => {
    const { scene, session, native } = await attachedScene();
    expect(scene.subscription.isClosed()).toBe(false);
    const closing = scene.subscription.close();
    expect(scene.subscription.close()).toBe(closing);
    expect(scene.subscription.isClosed()).toBe(true);
    await nextTurn();
    expect([native.closeCount, scene.closed]).toEqual([1, []]);
    native.emit('closed');
    await closing;
    expect(scene.closed).toEqual([[scene.subscription, undefined]]);
    // Only the timer of the pings is left.
    expect(session.clock.pendingCount()).toBe(1);
    expect(scene.subscription.isAttachedTo(session.session)).toBe(false);
  });

  it.each(['timeout', 'error'])('says what went wrong where the answer is a %s', async (answer) => {
    const { scene, session, native } = await attachedScene();
    const cause = new Error('test');
    const closing = scene.subscription.close();
    await nextTurn();
    native.emit(answer, cause);
    await closing;
    const problem = (scene.closed[0] as unknown[])[1] as Error;
    expect(problem).toBeInstanceOf(CloseTimeoutError);
    expect(problem.cause).toBe(cause);
    expect(problem.message).toContain('the subscription to "orders"');
    expect(session.clock.pendingCount()).toBe(1);
    expect(session.told).toEqual([]);
  });

  it('does not wait for ever where there is no answer', async () => {
    const { scene, session } = await attachedScene();
    void scene.subscription.close();
    await session.clock.advance(399);
    expect(scene.closed).toEqual([]);
    await session.clock.advance(1);
    expect((scene.closed[0] as unknown[])[1]).toBeInstanceOf(CloseTimeoutError);
  });

  it('waits for a confirmation that is on its way, and asks then', async () => {
    const scene = await Scene.connected();
    const attaching = scene.subscription.attach(scene.first.session);
    const closing = scene.subscription.close();
    await nextTurn();
    const [native] = scene.first.client.subscriptions;
    expect([native!.closeCount, scene.closed]).toEqual([0, []]);
    native!.emit('ready');
    await attaching;
    await nextTurn();
    expect(native!.closeCount).toBe(1);
    native!.emit('closed');
    await closing;
  });

  it('asks nothing where the confirmation on its way becomes a refusal', async () => {
    const scene = await Scene.connected();
    const refused = failureOf(scene.subscription.attach(scene.first.session));
    const closing = scene.subscription.close();
    const [native] = scene.first.client.subscriptions;
    native!.emit('error', new Error('stan: invalid subject'));
    await closing;
    expect(await refused).toBeInstanceOf(SubscribeFailedError);
    expect([native!.closeCount, scene.closed]).toEqual([0, [[scene.subscription, undefined]]]);
  });

  it('asks nothing where it was never made, its session is over or has no transport', async () => {
    const never = await Scene.connected();
    const [over, apart] = [await attachedScene(), await attachedScene()];
    over.session.session.fail(new SessionLostError('orders', 'test'));
    apart.session.client.emit('disconnect');
    for (const { subscription } of [never, over.scene, apart.scene]) await subscription.close();
    expect([over.native.closeCount, apart.native.closeCount]).toEqual([0, 0]);
    for (const { closed } of [never, over.scene, apart.scene]) expect(closed).toMatchObject([[{}, undefined]]);
  });

  it('with its session leaves what is not confirmed to the session, and asks for the rest', async () => {
    const open = await Scene.connected();
    void failureOf(open.subscription.attach(open.first.session));
    const confirmed = await attachedScene();
    await open.subscription.closeWithSession();
    void confirmed.scene.subscription.closeWithSession();
    await nextTurn();
    expect(open.first.client.subscriptions[0]!.closeCount).toBe(0);
    expect(confirmed.native.closeCount).toBe(1);
    await (await Scene.connected()).subscription.closeWithSession();
  });
});
