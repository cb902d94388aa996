import { describe, expect, it } from 'vitest';

import { NotConnectedError, PublishRefusedError, SessionLostError } from '../../../../lib/core/errors/index.js';
import { eventually, nextTurn } from '../../../support/wait.js';
import { connectedScene } from './driver-scene.js';
import type { Attempt } from './driver-scene.js';

describe('a publish attempt', () => {
  it('is acked under the guid that it was sent with, not before the call has returned', async () => {
    const { scene } = await connectedScene();
    const [a, b] = [scene.publish('a'), scene.publish('b')];
    expect([a.outcome, b.outcome]).toEqual(['open', 'open']);
    await eventually(() => expect([a.outcome, b.outcome]).toEqual(['stored', 'stored']));
    expect(a.guid).not.toBe('');
    expect(a.guid).not.toBe(b.guid);
    const { messages } = await scene.subscribe();
    await eventually(() => expect(messages.map(({ data }) => data.toString())).toEqual(['a', 'b']));
  });

  it.each([
    ['disk full', 'refused', false],
    ['node is not the leader', 'unknown', true],
    ['leadership lost while committing log', 'unknown', true],
  ] as const)('is refused with "%s": %s', async (reason, outcome, retryable) => {
    const { broker, scene } = await connectedScene();
    broker.faults.refuseToStore(reason);
    const attempt = scene.publish('a');
    await eventually(() => expect(attempt.outcome).toBe(outcome));
    expect(attempt.error?.cause).toBeInstanceOf(PublishRefusedError);
    expect(attempt.error?.cause).toMatchObject({ reason, retryable, mayBeStored: outcome === 'unknown' });
    expect(scene.driver.isReady()).toBe(true);
  });

  it('of a client that the server has forgotten may be stored by another server, and ends the session [STAN-FO-8]', async () => {
    const { broker, scene } = await connectedScene();
    const begunAt = performance.now();
    broker.faults.forgetClient('orders');
    const attempt = scene.publish('a');
    await eventually(() => expect(attempt.outcome).toBe('unknown'));
    expect(attempt.error?.cause).toBeInstanceOf(SessionLostError);
    await scene.statusIs('connected');
    const restored = await scene.happened('sessionRestored');
    expect(restored).toMatchObject({ attempts: 1, serverChanged: true });
    expect(restored.downMs).toBeGreaterThanOrEqual(0);
    expect(restored.downMs).toBeLessThanOrEqual(Math.ceil(performance.now() - begunAt));
    expect(scene.types.slice(2)).toEqual(['sessionLost', 'reconnecting', 'sessionRestored', 'connected']);
    const again = scene.publish('b');
    await eventually(() => expect(again.outcome).toBe('stored'));
  });
});

describe('a transport that is lost', () => {
  it('comes back in the same session; what is published meanwhile is not sent', async () => {
    const { broker, scene } = await connectedScene();
    const native = scene.driver.native();
    const meanwhile: Attempt[] = [];
    scene.driver.on(({ type }) => {
      if (type !== 'transportLost') return;
      expect(scene.driver.isReady()).toBe(false);
      meanwhile.push(scene.publish('meanwhile'));
    });
    broker.faults.cutConnections();
    await scene.happened('transportRestored');
    await scene.statusIs('connected');
    expect(meanwhile).toMatchObject([{ outcome: 'not-sent', guid: '', timesTold: 1 }]);
    expect(meanwhile[0]?.error?.cause).toBeInstanceOf(NotConnectedError);
    expect(meanwhile[0]?.error?.cause.message).toContain('publish');
    expect(scene.types.slice(2)).toEqual(['transportLost', 'reconnecting', 'transportRestored', 'connected']);
    expect(scene.driver.native()).toBe(native);
    const after = scene.publish('after');
    await eventually(() => expect(after.outcome).toBe('stored'));
  });

  it('comes back in a lost session where the server has forgotten the client, as it says at once', async () => {
    const { broker, scene } = await connectedScene({ pingIntervalMs: 60_000 });
    broker.faults.forgetClient('orders');
    broker.faults.cutConnections();
    const { error } = await scene.happened('sessionLost');
    expect(error.message).toContain('the server no longer knows this client');
    await scene.statusIs('connected');
    expect(scene.types.slice(2)).toEqual([
      'transportLost',
      'reconnecting',
      'sessionLost',
      'sessionRestored',
      'connected',
    ]);
  });

  it('asks once more where the answer is lost, and the session lives', async () => {
    const { broker, scene } = await connectedScene({ pingIntervalMs: 60_000, maxPingsOut: 2 });
    const lost = broker.faults.drop('pingResponse', { times: 1 });
    broker.faults.cutConnections();
    await scene.happened('transportRestored');
    expect(lost.hits).toBe(1);
    expect(scene.types).not.toContain('sessionLost');
  });

  it('ends the session where nothing answers maxPingsOut times', async () => {
    const { broker, scene } = await connectedScene({ pingIntervalMs: 60_000, maxPingsOut: 2 });
    const lost = broker.faults.drop('pingResponse');
    broker.faults.cutConnections();
    const { error } = await scene.happened('sessionLost');
    expect(error.message).toContain('no answer to pings after the transport came back');
    expect(lost.hits).toBe(2);
  });

  it('leaves publishes open that it may still answer, and lets go of them with the next loss', async () => {
    const { broker, scene } = await connectedScene({ pingIntervalMs: 60_000 });
    broker.faults.drop('publishAck');
    const attempt = scene.publish('a');
    broker.faults.cutConnections();
    await scene.happenedTimes('transportRestored', 1);
    expect(attempt.outcome).toBe('open');
    broker.faults.cutConnections();
    await scene.happenedTimes('transportRestored', 2);
    expect(attempt).toMatchObject({ outcome: 'unknown', timesTold: 1 });
    expect(attempt.error?.cause).toBeInstanceOf(SessionLostError);
    expect(attempt.error?.cause.message).toContain('no answer, and two connections or servers were lost since');
  });
});

describe('a broker that begins again', () => {
  it('is another server where it kept its state in a new process, and the session goes on', async () => {
    const { broker, scene } = await connectedScene();
    await broker.restart({ state: 'keep' });
    await scene.happened('transportRestored');
    expect(scene.types).not.toContain('sessionLost');
    broker.faults.forgetClient('orders');
    scene.publish('a');
    // Forgotten without a word: it may have started over once more.
    expect(await scene.happened('sessionRestored')).toMatchObject({ serverChanged: true });
  });

  it('without its state ends the session, and is told as another server', async () => {
    const { broker, scene } = await connectedScene();
    await broker.restart({ state: 'lose' });
    expect(await scene.happened('sessionRestored')).toMatchObject({ serverChanged: true });
  });

  it('is the same server where only the session had to be made again', async () => {
    const { broker, scene } = await connectedScene({ pingIntervalMs: 60_000, maxPingsOut: 2 });
    const silent = broker.faults.drop('pingResponse');
    broker.faults.cutConnections();
    await scene.happened('sessionLost');
    silent.remove();
    expect(await scene.happened('sessionRestored')).toMatchObject({ serverChanged: false });
  });

  it('is the same server where it did not answer at all for a while', async () => {
    const { broker, scene } = await connectedScene({ pingIntervalMs: 60_000, maxPingsOut: 2 });
    const silent = broker.faults.drop('pingResponse');
    scene.driver.on(({ type }) => {
      if (type === 'sessionLost') broker.faults.freeze();
    });
    broker.faults.cutConnections();
    await scene.happened('connectAttemptFailed');
    silent.remove();
    broker.faults.unfreeze();
    expect(await scene.happened('sessionRestored')).toMatchObject({ serverChanged: false });
  });

  it('is not given up on by a driver that is closed meanwhile', async () => {
    const { broker, scene } = await connectedScene();
    broker.faults.drop('connectResponse');
    broker.faults.forgetClient('orders');
    scene.publish('a');
    await scene.happened('sessionLost');
    await scene.driver.close();
    await nextTurn();
    expect(scene.types).not.toContain('gaveUp');
    expect(scene.types.at(-1)).toBe('closed');
  });

  it('may be another one where NATS was there and STAN was not', async () => {
    const { broker, scene } = await connectedScene({ pingIntervalMs: 60_000, maxPingsOut: 2 });
    const silent = broker.faults.drop('pingResponse');
    broker.faults.drop('connectResponse', { times: 1 });
    broker.faults.cutConnections();
    await scene.happened('sessionLost');
    silent.remove();
    expect(await scene.happened('sessionRestored')).toMatchObject({ serverChanged: true });
  });

  it('is given up after giveUpAfterMs', async () => {
    const { broker, scene } = await connectedScene({
      reconnect: { giveUpAfterMs: 100 },
      pingIntervalMs: 1_000,
      maxPingsOut: 2,
    });
    broker.faults.drop('connectResponse');
    broker.faults.forgetClient('orders');
    const attempt = scene.publish('a');
    const { error } = await scene.happened('gaveUp');
    expect(error).toMatchObject({ code: 'STAN_CONNECT_TIMEOUT' });
    expect(scene.types.at(-1)).toBe('disconnected');
    expect(attempt.timesTold).toBe(1);
    expect(scene.driver.isReady()).toBe(false);
  });
});

describe('pings', () => {
  it('without an answer are a silent server, which takes no publishes until it answers', async () => {
    const { broker, scene } = await connectedScene({ pingIntervalMs: 1_000, maxPingsOut: 100 });
    const lost = broker.faults.drop('pingResponse');
    scene.driver.checkServer();
    await scene.happened('serverSilent');
    expect(scene.driver.isReady()).toBe(false);
    const meanwhile = scene.publish('meanwhile');
    await eventually(() => expect(meanwhile.outcome).toBe('not-sent'));
    lost.remove();
    const { silentMs } = await scene.happened('serverAnswered');
    expect(silentMs).toBeGreaterThan(0);
    await scene.statusIs('connected');
    expect(scene.types.slice(2)).toEqual(['serverSilent', 'reconnecting', 'serverAnswered', 'connected']);
    expect(scene.driver.isReady()).toBe(true);
  });

  it('notice that the server has forgotten the client', async () => {
    const { broker, scene } = await connectedScene({ pingIntervalMs: 60_000 });
    broker.faults.forgetClient('orders');
    scene.driver.checkServer();
    expect((await scene.happened('sessionLost')).error.message).toContain('no longer knows this client');
    await scene.statusIs('connected');
  });

  it('end with the session', async () => {
    const { broker, scene } = await connectedScene({ pingIntervalMs: 60_000 });
    await scene.driver.close();
    const after = broker.faults.drop('pingResponse');
    scene.driver.checkServer();
    const other = await connectedScene();
    other.scene.driver.checkServer();
    expect(after.hits).toBe(0);
  });
});
