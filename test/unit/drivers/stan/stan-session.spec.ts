import { describe, expect, it } from 'vitest';

import {
  CloseTimeoutError,
  ConnectFailedError,
  ConnectTimeoutError,
  IncompatibleDependencyError,
  NotConnectedError,
  SessionLostError,
  StanClosedError,
} from '../../../../lib/core/errors/index.js';
import type { StanClient } from '../../../../lib/drivers/stan/vendor-internals.js';
import { nextTurn } from '../../../support/wait.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { plainRequest, SessionScene } from './scripted-client.js';

const timedOut = new Error('timeout');

describe('a session that is being opened', () => {
  it('is ready once the client has connected, and not before', async () => {
    const scene = new SessionScene();
    const opening = scene.open();
    expect([scene.session.isReady(), scene.session.isAlive()]).toEqual([false, false]);
    scene.client.emit('connect');
    await opening;
    expect([scene.session.isReady(), scene.session.isAlive()]).toEqual([true, true]);
    // Only the timer of its pings, which lets the process end.
    expect([scene.clock.pendingCount(), scene.clock.keepsProcessAlive]).toEqual([1, false]);
  });

  it.each([
    ['error', new Error('Could not connect'), 'Could not connect'],
    ['connection_lost', new Error('lost'), 'lost'],
    ['close', undefined, 'the connection was closed'],
  ])('fails with the event %s, and leaves nothing open', async (event, error, text) => {
    const scene = new SessionScene();
    const failed = scene.open().catch((reason: unknown) => reason);
    scene.client.emit(event, error);
    const reason = await failed;
    expect(reason).toBeInstanceOf(ConnectFailedError);
    expect((reason as Error).message).toContain(text);
    expect(await scene.session.over).toBe(reason);
    expect([scene.session.isReady(), scene.session.isAlive()]).toEqual([false, false]);
    expect([scene.client.ends.length, scene.nats.closed, scene.clock.pendingCount()]).toEqual([1, true, 0]);
    scene.client.emit('connect');
    for (const later of ['disconnect', 'reconnect', 'connection_lost', 'close', 'error'])
      scene.client.emit(later, error);
    expect(scene.told).toEqual([]);
    expect(scene.client.ends).toHaveLength(1);
  });

  it('has the connect timeout for each server and for STAN', async () => {
    const scene = new SessionScene();
    const failed = scene.open().catch((reason: unknown) => reason);
    let isOver = false;
    void scene.session.over.then(() => (isOver = true));
    await scene.clock.advance(899);
    expect(isOver).toBe(false);
    await scene.clock.advance(1);
    expect(await failed).toBeInstanceOf(ConnectTimeoutError);
    expect(((await failed) as Error).message).toContain('900 ms');
    expect(((await failed) as Error).message).toContain('test-cluster');
  });

  it.each(['before', 'during'])('ends with an abort %s it', async (when) => {
    const scene = new SessionScene();
    if (when === 'before') scene.abort();
    const failed = scene.open().catch((reason: unknown) => reason);
    if (when === 'during') scene.abort();
    expect(await failed).toBeInstanceOf(StanClosedError);
    expect(((await failed) as Error).message).toContain('connect');
    expect([scene.nats.closed, scene.clock.pendingCount()]).toEqual([true, 0]);
  });

  it('is not touched by an abort once it is open', async () => {
    const scene = await SessionScene.opened();
    scene.abort();
    await nextTurn();
    expect([scene.session.isReady(), scene.nats.closed, scene.abortListenerCount()]).toEqual([true, false, 0]);
  });

  it('fails for good with what the vendor throws on options', async () => {
    const cause = new Error('bad option');
    const scene = new SessionScene({
      vendorConnect: () => {
        throw cause;
      },
    });
    const failed = (await scene.open().catch((reason: unknown) => reason)) as ConnectFailedError;
    expect(failed).toBeInstanceOf(ConnectFailedError);
    expect(failed).toMatchObject({ retryable: false, cause });
    expect(failed.message).toContain('bad option');
    expect(scene.session.native).toBeUndefined();
    expect(scene.session.receivedServerInfo()).toBe(false);
    expect(scene.session.maxPayloadBytes()).toBeUndefined();
    expect(scene.session.outbound()).toBeUndefined();
  });

  it('names what a connected client lacks that the driver cannot do without', async () => {
    const scene = new SessionScene();
    scene.client.pubPrefix = undefined;
    const failed = scene.open().catch((reason: unknown) => reason);
    scene.client.emit('connect');
    expect(await failed).toBeInstanceOf(IncompatibleDependencyError);
    expect(await failed).toMatchObject({ member: 'Stan.pubPrefix' });
  });

  it('knows whether a NATS server has greeted it, and what that takes', async () => {
    const scene = new SessionScene();
    scene.nats.info = null;
    const opening = scene.open();
    expect([scene.session.receivedServerInfo(), scene.session.maxPayloadBytes()]).toEqual([false, undefined]);
    scene.nats.info = { server_id: 'server-1', max_payload: 1_000 };
    expect([scene.session.receivedServerInfo(), scene.session.maxPayloadBytes()]).toEqual([true, 1_000]);
    scene.client.emit('connect');
    await opening;
  });

  it('warns of what makes it slower, and works', async () => {
    const scene = new SessionScene();
    scene.client.ackSubscription = undefined;
    Object.assign(scene.nats, { sendCommand: undefined, processInbound: undefined, selectServer: undefined });
    const opening = scene.open();
    scene.client.emit('connect');
    await opening;
    const members = scene.told.map(({ error }) => (error as IncompatibleDependencyError).member);
    const native = scene.session.subscribe(plainRequest, 'first', () => true);
    expect(native).toBe(scene.client.subscriptions[0]);
    scene.session.stopReceiving(scene.client.subscriptions[0]!.inboxSub);
    expect(members.sort()).toEqual([
      'Client.processInbound',
      'Client.selectServer',
      'Client.sendCommand',
      'Stan.ackSubscription',
    ]);
    expect(scene.session.isReady()).toBe(true);
  });
});

describe('two sessions', () => {
  const isAtSameServer = async (
    one: { server?: string; restarts?: number },
    other: { server?: string; restarts?: number },
  ): Promise<boolean> => {
    const sessions = [one, other].map(async ({ server = 'server-1', restarts = 0 }) => {
      const scene = new SessionScene({ possibleRestartCount: restarts });
      scene.nats.info = { server_id: server };
      const opening = scene.open();
      scene.client.emit('connect');
      await opening;
      return scene.session;
    });
    const [first, second] = await Promise.all(sessions);
    return first!.isAtSameServerAs(second!);
  };

  it('are at the same server where it is one process, which cannot have started over between them', async () => {
    expect(await isAtSameServer({}, {})).toBe(true);
    expect(await isAtSameServer({}, { server: 'server-2' })).toBe(false);
    expect(await isAtSameServer({}, { restarts: 1 })).toBe(false);
  });

  it('are at the same server where the first has moved there with its transport', async () => {
    const [moved, other] = [await SessionScene.opened(), new SessionScene()];
    moved.client.emit('disconnect');
    moved.nats.info = { server_id: 'server-2' };
    moved.client.emit('reconnect');
    moved.nats.answer('');
    other.nats.info = { server_id: 'server-2' };
    const opening = other.open();
    other.client.emit('connect');
    await opening;
    expect(other.session.isAtSameServerAs(moved.session)).toBe(true);
  });

  it('are told apart by the server that was seen last where the transport came back without a word of it', async () => {
    const [moved, other] = [await SessionScene.opened(), await SessionScene.opened()];
    moved.client.emit('disconnect');
    moved.nats.info = null;
    moved.client.emit('reconnect');
    moved.nats.answer('');
    expect(moved.session.isAtSameServerAs(other.session)).toBe(true);
  });
});

describe('a session whose transport is lost', () => {
  it('sends nothing until the server has answered, and says both once', async () => {
    const scene = await SessionScene.opened();
    scene.client.emit('disconnect');
    scene.client.emit('disconnect');
    expect([scene.session.isReady(), scene.session.isAlive()]).toEqual([false, true]);
    const meanwhile = scene.publish();
    expect(meanwhile.outcome).toBe('open');
    await nextTurn();
    expect(meanwhile.outcome).toBe('not-sent');
    expect(meanwhile.cause).toBeInstanceOf(NotConnectedError);
    expect(scene.session.subscribe(plainRequest, 'first', () => true)).toBeUndefined();
    scene.client.emit('reconnect');
    expect(scene.session.isReady()).toBe(false);
    scene.nats.answer('');
    expect(scene.session.isReady()).toBe(true);
    expect(scene.whatWasTold).toEqual(['transportLost', 'transportRestored']);
  });

  it('pings neither while it is lost nor twice at a time after', async () => {
    const scene = await SessionScene.opened();
    scene.client.emit('disconnect');
    expect(scene.clock.pendingCount()).toBe(0);
    scene.session.checkServer();
    expect(scene.nats.requests).toHaveLength(0);
    scene.client.emit('reconnect');
    scene.nats.answer('');
    expect(scene.clock.pendingCount()).toBe(1);
    scene.session.checkServer();
    scene.session.checkServer();
    expect(scene.nats.requests).toHaveLength(1);
  });

  it('needs no answer from a server that knows no pings', async () => {
    const scene = new SessionScene();
    scene.client.pingRequests = undefined;
    const opening = scene.open();
    scene.client.emit('connect');
    await opening;
    expect(scene.clock.pendingCount()).toBe(0);
    scene.client.emit('disconnect');
    scene.client.emit('reconnect');
    expect(scene.whatWasTold).toEqual(['transportLost', 'transportRestored']);
    scene.session.checkServer();
    expect(scene.nats.requests).toHaveLength(0);
  });

  it('is lost as well where the server has forgotten it, or does not answer', async () => {
    const [forgotten, unanswered] = [await SessionScene.opened(), await SessionScene.opened()];
    for (const { client } of [forgotten, unanswered]) {
      client.emit('disconnect');
      client.emit('reconnect');
    }
    forgotten.nats.answer('client has been replaced or is no longer registered');
    for (const timeout of [timedOut, timedOut]) unanswered.nats.answer(timeout);
    expect(forgotten.whatWasTold).toEqual(['transportLost', 'forgotten']);
    expect(unanswered.whatWasTold).toEqual(['transportLost', 'lost']);
    expect([forgotten.session.isAlive(), unanswered.session.isAlive()]).toEqual([false, false]);
    expect(await forgotten.session.over).toBe(forgotten.told[1]!.error);
  });

  it('tells of no loss and no return once it is closing or over', async () => {
    const [closing, over] = [await SessionScene.opened(), await SessionScene.opened()];
    void closing.session.close();
    over.session.fail(new SessionLostError('orders', 'test'));
    for (const { client } of [closing, over]) {
      client.emit('disconnect');
      client.emit('reconnect');
    }
    expect(closing.whatWasTold).toEqual([]);
    expect(over.whatWasTold).toEqual(['lost']);
    expect([closing.nats.requests, over.nats.requests]).toEqual([[], []]);
  });
});

describe('a session whose server does not answer pings', () => {
  async function silent(): Promise<SessionScene> {
    const scene = await SessionScene.opened();
    await scene.clock.advance(5_000);
    for (const timeout of [timedOut, timedOut]) scene.nats.answer(timeout);
    return scene;
  }

  it('is silent after two of them, and takes no publishes until it answers', async () => {
    const scene = await silent();
    expect([scene.session.isReady(), scene.session.isAlive()]).toEqual([false, true]);
    const meanwhile = scene.publish();
    await nextTurn();
    expect(meanwhile.outcome).toBe('not-sent');
    await scene.clock.advance(700);
    scene.nats.answer('');
    expect(scene.session.isReady()).toBe(true);
    expect(scene.whatWasTold).toEqual(['silent', 'answered after 700']);
  });

  it('may lose its transport as well, and comes back with it', async () => {
    const scene = await silent();
    scene.client.emit('disconnect');
    scene.nats.requests.length = 0;
    scene.client.emit('reconnect');
    scene.nats.answer('');
    expect(scene.whatWasTold).toEqual(['silent', 'transportLost', 'transportRestored']);
    expect(scene.session.isReady()).toBe(true);
  });

  it('is lost where the answer is that the server does not know it', async () => {
    const scene = await silent();
    scene.nats.answer('client has been replaced or is no longer registered');
    expect(scene.whatWasTold).toEqual(['silent', 'forgotten']);
    expect(scene.told[1]!.error?.message).toContain('the server no longer knows this client');
  });

  it('lets go of publishes that two silences have passed over', async () => {
    const scene = await SessionScene.opened();
    const attempt = scene.publish();
    const goSilent = (): void => {
      scene.session.checkServer();
      for (const reply of [timedOut, timedOut, '']) scene.nats.answer(reply);
    };
    goSilent();
    expect(attempt.outcome).toBe('open');
    goSilent();
    expect(attempt.outcome).toBe('unknown');
    expect(attempt.cause?.message).toContain('no answer, and two connections or servers were lost since');
  });
});

describe('a session that is lost', () => {
  it.each([
    ['connection_lost', new Error('gone'), 'gone', 'lost'],
    ['connection_lost', new Error('client has been replaced or is no longer registered'), 'replaced', 'forgotten'],
    ['close', undefined, 'the connection was closed', 'lost'],
  ])('by %s says so once with the reason, and reports its open publishes', async (event, error, text, what) => {
    const scene = await SessionScene.opened();
    const attempt = scene.publish();
    scene.client.emit(event, error);
    scene.client.emit('close');
    expect(scene.whatWasTold).toEqual([what]);
    expect(scene.told[0]!.error).toBeInstanceOf(SessionLostError);
    expect(scene.told[0]!.error?.message).toContain(text);
    expect(scene.told[0]!.error?.cause).toBe(error);
    expect(attempt.outcome).toBe('unknown');
    expect(attempt.cause).toBe(scene.told[0]!.error);
    expect(scene.session.isAlive()).toBe(false);
    expect([scene.nats.closed, scene.clock.pendingCount()]).toEqual([true, 0]);
    expect(await scene.session.over).toBe(scene.told[0]!.error);
  });

  it('says where the NATS client has given up', async () => {
    const scene = await SessionScene.opened();
    scene.nats.emit('close');
    scene.client.emit('close');
    expect(scene.told[0]!.error?.message).toContain('the NATS client gave up reconnecting');
  });

  it('by a driver that cannot trust it says so once', async () => {
    const scene = await SessionScene.opened();
    const error = new SessionLostError('orders', 'test');
    scene.session.fail(error);
    scene.session.fail(new SessionLostError('orders', 'again'), true);
    scene.session.warn(error);
    expect(scene.told).toEqual([{ what: 'lost', error }]);
  });

  it('has no way to the server any more', async () => {
    const scene = await SessionScene.opened();
    expect(scene.session.outbound()).toBeDefined();
    scene.session.fail(new SessionLostError('orders', 'test'));
    expect(scene.session.outbound()).toBeUndefined();
    const late = scene.publish();
    await nextTurn();
    expect(late.outcome).toBe('not-sent');
    expect(await scene.session.close()).toBeUndefined();
    expect(scene.client.closeCount).toBe(0);
  });

  it('sends nothing on a connection that is closed already', async () => {
    const scene = await SessionScene.opened();
    scene.nats.closed = true;
    const attempt = scene.publish();
    await nextTurn();
    expect([attempt.outcome, scene.session.outbound()]).toEqual(['not-sent', undefined]);
  });
});

describe('a publish of a session', () => {
  /** A session with one open publish, and its guid. */
  async function publishing() {
    const scene = await SessionScene.opened();
    const attempt = scene.publish();
    await nextTurn();
    const command = scene.nats.written.join('');
    const guidAt = command.indexOf('\x12\x16') + 2;
    return { scene, attempt, guid: command.slice(guidAt, guidAt + 22) };
  }

  it('is stored with the ack that comes from the stream', async () => {
    const { scene, attempt, guid } = await publishing();
    scene.nats.receive(1, Buffer.concat([Buffer.from([0x0a, 22]), Buffer.from(guid)]));
    expect(attempt.outcome).toBe('stored');
  });

  it('of a client that the server does not know ends the session as forgotten', async () => {
    const { scene, attempt, guid } = await publishing();
    const open = (scene.client as unknown as StanClient).removeAck(guid);
    open?.ah('stan: invalid publish request', guid);
    expect(attempt.outcome).toBe('unknown');
    expect(scene.whatWasTold).toEqual(['forgotten']);
  });
});

describe('a problem that ends nothing', () => {
  it('is a warning of an open session, with its cause', async () => {
    const scene = await SessionScene.opened();
    const [denied, other] = [new Error('permissions violation'), new Error('parse error')];
    scene.nats.emit('permission_error', denied);
    scene.client.emit('error', other);
    expect(scene.whatWasTold).toEqual(['warning', 'warning']);
    expect(scene.told.map(({ error }) => error?.cause)).toEqual([denied, other]);
    expect(scene.told[0]!.error?.message).toContain('permissions violation');
    expect(scene.session.isReady()).toBe(true);
  });
});

describe('a session that is closed', () => {
  it('says goodbye, and is over with the answer', async () => {
    const scene = await SessionScene.opened();
    const attempt = scene.publish();
    const closing = scene.session.close();
    expect(attempt.outcome).toBe('unknown');
    expect(attempt.cause).toBeInstanceOf(StanClosedError);
    expect(attempt.cause?.message).toContain('publish');
    expect([scene.session.isReady(), scene.session.isAlive(), scene.client.closeCount]).toEqual([false, true, 1]);
    expect(await scene.session.close()).toBeUndefined();
    scene.client.emit('close');
    expect(await closing).toBeUndefined();
    expect([scene.session.isAlive(), scene.nats.closed, scene.clock.pendingCount()]).toEqual([false, true, 0]);
    expect(await scene.session.over).toBeInstanceOf(StanClosedError);
    expect(scene.told).toEqual([]);
    expect(scene.client.closeCount).toBe(1);
  });

  it('says what the server answered where it refused', async () => {
    const scene = await SessionScene.opened();
    const closing = scene.session.close();
    const cause = new Error('refused');
    scene.client.emit('close', cause);
    expect(await closing).toBeInstanceOf(CloseTimeoutError);
    expect(await closing).toMatchObject({ cause });
  });

  it('does not wait longer than the connect timeout, and a little for the client’s own', async () => {
    const scene = await SessionScene.opened();
    let problem: unknown = 'open';
    void scene.session.close().then((outcome) => (problem = outcome));
    await scene.clock.advance(399);
    expect(problem).toBe('open');
    await scene.clock.advance(1);
    expect(problem).toBeInstanceOf(CloseTimeoutError);
    expect((problem as Error).message).toContain('the session');
    expect((problem as Error).message).toContain('300 ms');
    expect(scene.nats.closed).toBe(true);
  });

  it('waits for nothing while its transport is lost', async () => {
    const scene = await SessionScene.opened();
    scene.client.emit('disconnect');
    expect(await scene.session.close()).toBeInstanceOf(CloseTimeoutError);
    expect([scene.client.closeCount, scene.session.isAlive()]).toEqual([0, false]);
  });

  it('tells nothing of a loss while it closes', async () => {
    const scene = await SessionScene.opened();
    const closing = scene.session.close();
    scene.client.emit('connection_lost', new Error('gone'));
    scene.client.emit('close');
    await closing;
    expect(scene.told).toEqual([]);
    expect(scene.session.isAlive()).toBe(false);
  });

  it('has nothing to close before it was opened, and nothing to send on', async () => {
    const scene = new SessionScene();
    const attempt = scene.publish();
    expect(await scene.session.close()).toBeUndefined();
    await nextTurn();
    expect([attempt.outcome, scene.session.outbound()]).toEqual(['not-sent', undefined]);
  });
});

describe('a subscription of a session', () => {
  it('has its subject, its group and its start, and hands on the bytes of what comes', async () => {
    const scene = await SessionScene.opened();
    const received: string[] = [];
    const receiver = (bytes: Buffer, from: number, to: number): boolean => {
      received.push(bytes.toString('latin1', from, to));
      return true;
    };
    const plain = scene.session.subscribe(plainRequest, 'first', receiver);
    const grouped = scene.session.subscribe({ ...plainRequest, queueGroup: 'g' }, { sequence: 7 }, receiver);
    const [first, second] = scene.client.subscriptions;
    expect([plain, grouped]).toEqual([first, second]);
    expect([first!.subject, first!.queueGroup, second!.queueGroup]).toEqual(['orders', undefined, 'g']);
    expect(second!.options['StartAtSequence']).toBe(7);
    scene.nats.receive(first!.inboxSub, Buffer.from('one'));
    scene.nats.receive(second!.inboxSub, Buffer.from('two'));
    scene.session.stopReceiving(first!.inboxSub);
    scene.nats.receive(first!.inboxSub, Buffer.from('three'));
    expect(received).toEqual(['one', 'two']);
    // What the client has parsed itself comes as a string with a character per byte.
    const parsed = scene.client.processMsg() as (text: string) => void;
    parsed('f\xfcnf');
    expect(received[2]).toBe('f\xfcnf');
  });
});

describe('the clock of a session', () => {
  it('is its driver’s', async () => {
    const clock = new FakeClock();
    const scene = await SessionScene.opened({ clock });
    expect(scene.session.clock).toBe(clock);
    expect(scene.session.native).toBe(scene.client);
  });
});
