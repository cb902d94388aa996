import { describe, expect, it } from 'vitest';

import type { DriverEvent } from '../../../../lib/core/driver/driver-event.js';
import type { DriverSubscription, DriverSubscriptionRequest } from '../../../../lib/core/driver/driver.js';
import {
  CloseTimeoutError,
  NotConnectedError,
  SessionLostError,
  StanClosedError,
  SubscribeFailedError,
  SubscribeTimeoutError,
} from '../../../../lib/core/errors/index.js';
import type { StanSession } from '../../../../lib/drivers/stan/stan-session.js';
import { StanSubscriptions } from '../../../../lib/drivers/stan/stan-subscriptions.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { nextTurn } from '../../../support/wait.js';
import { plainRequest, SessionScene } from './scripted-client.js';
import type { ScriptedSubscription } from './scripted-client.js';

const held = new Error('stan: duplicate durable registration');

/** Subscriptions of a driver whose sessions and pauses the test gives and ends. */
class Scene {
  readonly clock = new FakeClock();
  readonly events: DriverEvent[] = [];
  readonly pauses: { readonly ms: number; readonly action: string; readonly end: () => void }[] = [];
  readonly subscriptions: StanSubscriptions;
  private waiting: ((session: StanSession) => void)[] = [];
  private current: SessionScene | undefined;
  /** Why there will be no session any more. */
  over: Error | undefined;

  private constructor(private readonly possible: SessionScene) {
    this.subscriptions = new StanSubscriptions(
      possible.options,
      {
        nextSession: () => this.nextSession(),
        isCurrent: (session) => session === this.current?.session,
        pause: (ms, action) => new Promise((resolve) => this.pauses.push({ ms, action, end: () => resolve() })),
        emit: (event) => this.events.push(event),
      },
      { random: () => 0, clock: this.clock },
    );
  }

  static async connected(): Promise<Scene> {
    const scene = new Scene(new SessionScene());
    await scene.newSession();
    return scene;
  }

  /** The present session ends, and the next one is there. */
  async newSession(): Promise<SessionScene> {
    this.loseSession();
    const next = await SessionScene.opened({ clock: this.clock });
    this.current = next;
    for (const resume of this.waiting.splice(0)) resume(next.session);
    return next;
  }

  loseSession(): void {
    this.current?.session.fail(new SessionLostError('orders', 'test'));
    this.current = undefined;
  }

  /** What has been asked of the present session. */
  get asked(): ScriptedSubscription[] {
    return this.current?.client.subscriptions ?? [];
  }

  get session(): StanSession {
    if (this.current === undefined) throw new Error('there is no session');
    return this.current.session;
  }

  /** Begins to subscribe. */
  add(more: Partial<DriverSubscriptionRequest> = {}): Promise<DriverSubscription> {
    const adding = this.subscriptions.add({ ...plain, ...more }, () => undefined);
    adding.catch(() => undefined);
    return adding;
  }

  /** Subscribes, and the server confirms. */
  async added(subject: string): Promise<DriverSubscription> {
    const adding = this.add({ subject });
    await nextTurn();
    this.asked.at(-1)?.emit('ready');
    return adding;
  }

  get failedAttempts(): [attempt: number, retryInMs: number][] {
    return this.events.flatMap((event) =>
      event.type === 'subscribeAttemptFailed' ? [[event.attempt, event.retryInMs] as [number, number]] : [],
    );
  }

  get firstConnectTimeoutMs(): number {
    return this.possible.options.reconnect.firstConnectTimeoutMs;
  }

  private nextSession(): Promise<StanSession> {
    if (this.over !== undefined) return Promise.reject(this.over);
    if (this.current !== undefined) return Promise.resolve(this.current.session);
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

const plain: DriverSubscriptionRequest = { ...plainRequest, resumeAt: () => 'new' };

const subjectsOf = (asked: readonly ScriptedSubscription[]): string[] => asked.map(({ subject }) => subject);
const outcomeOf = async (promise: Promise<unknown>): Promise<unknown> => {
  let outcome: unknown = 'open';
  void promise.then(
    () => (outcome = 'done'),
    (error: unknown) => (outcome = error),
  );
  await nextTurn();
  return outcome;
};

describe('a new subscription', () => {
  it('is there once the server has confirmed it', async () => {
    const scene = await Scene.connected();
    const adding = scene.add();
    expect(await outcomeOf(adding)).toBe('open');
    expect(scene.subscriptions.areAttachedTo(scene.session)).toBe(false);
    scene.asked[0]!.emit('ready');
    expect(await outcomeOf(adding)).toBe('done');
    expect(scene.subscriptions.areAttachedTo(scene.session)).toBe(true);
  });

  it('that the server refuses fails, and is not asked for again', async () => {
    const scene = await Scene.connected();
    const adding = scene.add();
    await nextTurn();
    scene.asked[0]!.emit('error', new Error('stan: invalid subject'));
    expect(await outcomeOf(adding)).toBeInstanceOf(SubscribeFailedError);
    expect(scene.subscriptions.areAttachedTo(scene.session)).toBe(true);
    const next = await scene.newSession();
    await scene.subscriptions.attachAll(next.session);
    expect(scene.asked).toEqual([]);
    expect(scene.events).toEqual([]);
  });

  it('whose durable is held is asked for again after a pause that grows, until it is free', async () => {
    const scene = await Scene.connected();
    const adding = scene.add();
    for (const attempt of [1, 2, 3]) {
      await nextTurn();
      scene.asked[attempt - 1]!.emit('error', held);
      await nextTurn();
      expect(scene.asked).toHaveLength(attempt);
      scene.pauses[attempt - 1]!.end();
    }
    await nextTurn();
    scene.asked[3]!.emit('ready');
    expect(await outcomeOf(adding)).toBe('done');
    const [first, second, third] = scene.failedAttempts;
    expect([first, second, third]).toEqual([
      [1, first![1]],
      [2, first![1] * 2],
      [3, first![1] * 4],
    ]);
    expect(scene.pauses.map(({ ms, action }) => [ms, action])).toEqual([
      [first![1], 'subscribe'],
      [second![1], 'subscribe'],
      [third![1], 'subscribe'],
    ]);
  });

  it('whose durable stays held is given up after firstConnectTimeoutMs, not at it', async () => {
    const scene = await Scene.connected();
    const adding = scene.add();
    await nextTurn();
    await scene.clock.advance(scene.firstConnectTimeoutMs);
    scene.asked[0]!.emit('error', held);
    await nextTurn();
    scene.pauses[0]!.end();
    await nextTurn();
    await scene.clock.advance(1);
    scene.asked[1]!.emit('error', held);
    expect(await outcomeOf(adding)).toMatchObject({ retryable: true, subject: 'orders' });
    expect(scene.failedAttempts).toHaveLength(1);
    expect(scene.subscriptions.areAttachedTo(scene.session)).toBe(true);
  });

  it('fails where there will be no session, and is forgotten', async () => {
    const scene = await Scene.connected();
    scene.over = new StanClosedError('subscribe');
    expect(await outcomeOf(scene.add())).toBe(scene.over);
    expect(scene.subscriptions.areAttachedTo(scene.session)).toBe(true);
  });

  it('waits for the next session, and is made in it alone', async () => {
    const scene = await Scene.connected();
    scene.loseSession();
    const adding = scene.add();
    expect(await outcomeOf(adding)).toBe('open');
    await scene.newSession();
    await nextTurn();
    scene.asked[0]!.emit('ready');
    expect(await outcomeOf(adding)).toBe('done');
    expect(scene.asked).toHaveLength(1);
  });

  it('whose session is lost in the middle is not asked for twice in the next one', async () => {
    const scene = await Scene.connected();
    const adding = scene.add();
    await nextTurn();
    scene.loseSession();
    await nextTurn();
    expect(scene.events).toMatchObject([
      { type: 'subscribeAttemptFailed', subject: 'orders', attempt: 1, error: { code: 'STAN_SESSION_LOST' } },
    ]);
    const next = await scene.newSession();
    const attaching = scene.subscriptions.attachAll(next.session);
    await nextTurn();
    scene.asked[0]!.emit('ready');
    await attaching;
    scene.pauses[0]!.end();
    expect(await outcomeOf(adding)).toBe('done');
    expect(scene.asked).toHaveLength(1);
  });

  it('is asked for in no other session once the driver has closed it with its own', async () => {
    const scene = await Scene.connected();
    const adding = scene.add();
    await nextTurn();
    scene.asked[0]!.emit('error', held);
    await nextTurn();
    const closing = scene.subscriptions.closeAll();
    scene.pauses[0]!.end();
    expect(await outcomeOf(adding)).toBe('done');
    await closing;
    expect(scene.asked).toHaveLength(1);
  });

  it('costs the session where the server does not answer', async () => {
    const scene = await Scene.connected();
    void scene.add();
    await nextTurn();
    const { session } = scene;
    scene.asked[0]!.emit('timeout', new Error('timeout'));
    await nextTurn();
    expect(await session.over).toBeInstanceOf(SubscribeTimeoutError);
    expect(scene.events).toMatchObject([{ error: { code: 'STAN_SUBSCRIBE_TIMEOUT' } }]);
  });

  it('without a transport is not asked for', async () => {
    const scene = await Scene.connected();
    const silent = await SessionScene.opened({ clock: scene.clock });
    silent.client.emit('disconnect');
    Object.assign(scene, { current: silent });
    void scene.add();
    await nextTurn();
    expect(scene.events).toMatchObject([{ error: expect.any(NotConnectedError) as unknown }]);
    expect(silent.client.subscriptions).toEqual([]);
  });
});

describe('the subscriptions of a lost session', () => {
  /** So many, all confirmed in a session that is lost by now. */
  async function lost(count: number): Promise<{ scene: Scene; made: DriverSubscription[] }> {
    const scene = await Scene.connected();
    const made: DriverSubscription[] = [];
    for (let index = 0; index < count; index += 1) made.push(await scene.added(`s${String(index)}`));
    await scene.newSession();
    return { scene, made };
  }

  it('are made again in order, 16 at a time', async () => {
    const { scene } = await lost(40);
    const attaching = scene.subscriptions.attachAll(scene.session);
    await nextTurn();
    expect(scene.asked).toHaveLength(16);
    expect(scene.subscriptions.areAttachedTo(scene.session)).toBe(false);
    for (let confirmed = 0; confirmed < 40; confirmed += 1) {
      scene.asked[confirmed]!.emit('ready');
      await nextTurn();
      expect(scene.asked).toHaveLength(Math.min(40, confirmed + 17));
    }
    expect(await outcomeOf(attaching)).toBe('done');
    expect(scene.subscriptions.areAttachedTo(scene.session)).toBe(true);
    expect(subjectsOf(scene.asked)).toEqual(Array.from({ length: 40 }, (_, index) => `s${String(index)}`));
  });

  it('start where their owners say, and not where they began', async () => {
    const { scene } = await lost(1);
    void scene.subscriptions.attachAll(scene.session);
    await nextTurn();
    expect(Object.keys(scene.asked[0]!.options)).not.toContain('DeliverAllAvailable');
    const fresh = scene.add();
    await nextTurn();
    expect(Object.keys(scene.asked[1]!.options)).toContain('DeliverAllAvailable');
    scene.asked[1]!.emit('ready');
    await fresh;
  });

  it('are left alone where that session is lost as well', async () => {
    const { scene } = await lost(40);
    const attaching = scene.subscriptions.attachAll(scene.session);
    await nextTurn();
    const { asked } = scene;
    scene.loseSession();
    await attaching;
    expect(asked).toHaveLength(16);
    expect(scene.events).toEqual([]);
    const next = await scene.newSession();
    void scene.subscriptions.attachAll(next.session);
    await nextTurn();
    expect(subjectsOf(scene.asked)).toEqual(Array.from({ length: 16 }, (_, index) => `s${String(index)}`));
  });

  it('stay away where they were closed meanwhile, and so nobody waits for them', async () => {
    const { scene, made } = await lost(3);
    await made[1]!.close();
    const attaching = scene.subscriptions.attachAll(scene.session);
    await nextTurn();
    expect(subjectsOf(scene.asked)).toEqual(['s0', 's2']);
    for (const subscription of scene.asked) subscription.emit('ready');
    expect(await outcomeOf(attaching)).toBe('done');
    expect(scene.subscriptions.areAttachedTo(scene.session)).toBe(true);
  });

  it('are not asked for where they are there already', async () => {
    const { scene } = await lost(2);
    const attachBoth = async (): Promise<void> => {
      const attaching = scene.subscriptions.attachAll(scene.session);
      await nextTurn();
      for (const subscription of scene.asked) subscription.emit('ready');
      await attaching;
    };
    await attachBoth();
    await attachBoth();
    expect(scene.asked).toHaveLength(2);
  });

  it('are asked for again after a refusal, for as long as the session lasts', async () => {
    const { scene } = await lost(1);
    const attaching = scene.subscriptions.attachAll(scene.session);
    await nextTurn();
    await scene.clock.advance(scene.firstConnectTimeoutMs + 1);
    scene.asked[0]!.emit('error', new Error('stan: invalid subject'));
    await nextTurn();
    expect(scene.failedAttempts).toHaveLength(1);
    scene.pauses[0]!.end();
    await nextTurn();
    scene.asked[1]!.emit('ready');
    expect(await outcomeOf(attaching)).toBe('done');
    expect(scene.subscriptions.areAttachedTo(scene.session)).toBe(true);
  });

  it('are not asked for again once they were closed during a pause', async () => {
    const { scene, made } = await lost(1);
    const attaching = scene.subscriptions.attachAll(scene.session);
    await nextTurn();
    scene.asked[0]!.emit('error', held);
    await nextTurn();
    await made[0]!.close();
    scene.pauses[0]!.end();
    expect(await outcomeOf(attaching)).toBe('done');
    expect(scene.asked).toHaveLength(1);
  });
});

describe('closing all subscriptions', () => {
  it('asks the server for each, waits for the answers, and reports the one that gets none', async () => {
    const scene = await Scene.connected();
    for (const subject of ['one', 'two']) await scene.added(subject);
    const closing = scene.subscriptions.closeAll();
    await nextTurn();
    const [one, two] = scene.asked;
    expect([one!.closeCount, two!.closeCount]).toEqual([1, 1]);
    one!.emit('closed');
    expect(await outcomeOf(closing)).toBe('open');
    await scene.clock.advance(399);
    expect(scene.events).toEqual([]);
    await scene.clock.advance(1);
    expect(await outcomeOf(closing)).toBe('done');
    expect(scene.events).toMatchObject([{ type: 'warning', error: expect.any(CloseTimeoutError) as unknown }]);
    const next = await scene.newSession();
    await scene.subscriptions.attachAll(next.session);
    expect(scene.asked).toEqual([]);
  });

  it('leaves to the session what the server has not confirmed', async () => {
    const scene = await Scene.connected();
    void scene.add();
    await nextTurn();
    expect(await outcomeOf(scene.subscriptions.closeAll())).toBe('done');
    expect(scene.asked[0]!.closeCount).toBe(0);
    expect(scene.events).toEqual([]);
  });
});
