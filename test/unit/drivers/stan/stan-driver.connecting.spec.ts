import { describe, expect, it } from 'vitest';

import {
  ClientReplacedError,
  ConnectFailedError,
  ConnectTimeoutError,
  DuplicateClientIdError,
  NotConnectedError,
  StanClosedError,
} from '../../../../lib/core/errors/index.js';
import { freePort } from '../../../support/free-port.js';
import { eventually } from '../../../support/wait.js';
import { DriverScene, connectedScene, startBroker } from './driver-scene.js';

describe('the first connection', () => {
  it('is made once, however often it is asked for', async () => {
    const broker = await startBroker();
    const scene = new DriverScene(broker.port);
    expect(scene.driver.isReady()).toBe(false);
    expect(scene.driver.native()).toBeUndefined();
    expect(scene.driver.maxDataBytes('a', 0)).toBeUndefined();
    const connecting = scene.driver.connect();
    expect(scene.driver.connect()).toBe(connecting);
    await connecting;
    expect(scene.driver.isReady()).toBe(true);
    expect(scene.driver.native()).toMatchObject({ clusterID: 'test-cluster', clientID: 'orders' });
    expect(scene.driver.maxDataBytes('a', 0)).toBeGreaterThan(1_000_000);
    expect(scene.types).toEqual(['connecting', 'connected']);
  });

  it('waits for a broker that is not there yet, and numbers its attempts', async () => {
    const port = await freePort();
    const scene = new DriverScene(port);
    const connecting = scene.driver.connect();
    const failed = await scene.happened('connectAttemptFailed');
    expect(failed).toMatchObject({ attempt: 1, retryInMs: 20 });
    expect(failed.error).toBeInstanceOf(ConnectFailedError);
    expect(failed.error.retryable).toBe(true);
    await scene.happenedTimes('connectAttemptFailed', 2);
    await startBroker({ port });
    await connecting;
    const attempts = scene.events.flatMap((event) => (event.type === 'connectAttemptFailed' ? [event.attempt] : []));
    expect(attempts).toEqual(attempts.map((_, index) => index + 1));
    expect(scene.types.at(-1)).toBe('connected');
  });

  it('is given up after firstConnectTimeoutMs, and nothing works from then on', async () => {
    const scene = new DriverScene(await freePort(), { reconnect: { firstConnectTimeoutMs: 60 } });
    await expect(scene.driver.connect()).rejects.toBeInstanceOf(ConnectFailedError);
    expect(scene.types.slice(-2)).toEqual(['gaveUp', 'disconnected']);
    await expect(scene.subscribe()).rejects.toBeInstanceOf(ConnectFailedError);
    const attempt = scene.publish('a');
    expect(attempt.outcome).toBe('open');
    await eventually(() => expect(attempt).toMatchObject({ outcome: 'not-sent', timesTold: 1, guid: '' }));
    expect(attempt.error?.cause).toBeInstanceOf(NotConnectedError);
    expect(attempt.error?.cause.message).toContain('publish');
  });

  it('is given up at once where the next attempt would come too late', async () => {
    const scene = new DriverScene(await freePort(), {
      reconnect: { firstConnectTimeoutMs: 1_000, initialDelayMs: 60_000, maxDelayMs: 60_000 },
    });
    await expect(scene.driver.connect()).rejects.toBeInstanceOf(ConnectFailedError);
    expect(scene.types).toEqual(['connecting', 'gaveUp', 'disconnected']);
  });

  it('waits before it tries again', async () => {
    const scene = new DriverScene(await freePort(), {
      reconnect: { firstConnectTimeoutMs: 600_000, initialDelayMs: 60_000, maxDelayMs: 60_000 },
    });
    const connecting = scene.driver.connect().catch((error: unknown) => error);
    await scene.happened('connectAttemptFailed');
    // As long as another one takes to connect and to fail.
    await connectedScene({ clientId: 'another' });
    await expect(
      new DriverScene(await freePort(), { reconnect: { firstConnectTimeoutMs: 60 } }).driver.connect(),
    ).rejects.toBeInstanceOf(ConnectFailedError);
    expect(scene.types).toEqual(['connecting', 'connectAttemptFailed']);
    await scene.driver.close();
    expect(((await connecting) as StanClosedError).message).toContain('connect');
  });

  it('is to NATS Streaming, whose sessions may survive a lost transport', async () => {
    const { scene } = await connectedScene();
    expect(scene.driver.describe()).toEqual({
      broker: 'NATS Streaming',
      afterTransportLost: 'the session may survive it',
    });
  });

  it('is refused at once where no later attempt can succeed', async () => {
    const broker = await startBroker({ auth: { token: 'secret' } });
    const scene = new DriverScene(broker.port);
    await expect(scene.driver.connect()).rejects.toMatchObject({ code: 'STAN_CONNECT_FAILED', retryable: false });
    expect(scene.types).toEqual(['connecting', 'gaveUp', 'disconnected']);
  });

  it('is refused at once where the vendor cannot use an option', async () => {
    const scene = new DriverScene(await freePort(), { connection: { tokenHandler: 'secret' } });
    await expect(scene.driver.connect()).rejects.toMatchObject({ code: 'STAN_CONNECT_FAILED', retryable: false });
  });

  it('times out where NATS answers and STAN does not, and is tried again', async () => {
    const broker = await startBroker();
    const silence = broker.faults.drop('connectResponse', { times: 1 });
    const scene = new DriverScene(broker.port);
    await scene.driver.connect();
    expect(silence.hits).toBe(1);
    const { error } = await scene.happened('connectAttemptFailed');
    expect(error).toBeInstanceOf(ConnectTimeoutError);
    expect(error.message).toContain('test-cluster');
    expect(scene.events.filter(({ type }) => type === 'connectAttemptFailed')).toHaveLength(1);
  });

  it('turns to another server with each attempt', async () => {
    const broker = await startBroker();
    const dead = `nats://127.0.0.1:${String(await freePort())}`;
    const scene = new DriverScene(broker.port, { servers: [dead, `nats://127.0.0.1:${String(broker.port)}`] });
    await scene.driver.connect();
    expect(scene.driver.isReady()).toBe(true);
  });
});

describe('a client id that is in use', () => {
  it('is waited for until it is free', async () => {
    const { broker, scene: first } = await connectedScene();
    const second = new DriverScene(broker.port);
    const connecting = second.driver.connect();
    const { error } = await second.happened('connectAttemptFailed');
    expect(error).toBeInstanceOf(DuplicateClientIdError);
    expect(error.message).toContain('of this process');
    await first.driver.close();
    await connecting;
    expect(second.driver.isReady()).toBe(true);
  });

  it('belongs to somebody else where a client that the server has dropped is refused it three times', async () => {
    const { broker, scene } = await connectedScene();
    broker.faults.forgetClient('orders');
    const other = new DriverScene(broker.port);
    await other.driver.connect();
    await eventually(() => expect(scene.publish('a').outcome).toBe('open'));
    const { error } = await scene.happened('gaveUp');
    expect(error).toBeInstanceOf(ClientReplacedError);
    expect(error.cause).toBeInstanceOf(DuplicateClientIdError);
    expect(scene.types.filter((type) => type === 'connectAttemptFailed')).toHaveLength(2);
    expect(scene.types.at(-1)).toBe('disconnected');
    expect(other.driver.isReady()).toBe(true);
  });
});

describe('close', () => {
  it('before connect leaves nothing to connect', async () => {
    const broker = await startBroker();
    const scene = new DriverScene(broker.port);
    await scene.driver.close();
    await expect(scene.driver.connect()).rejects.toBeInstanceOf(StanClosedError);
    await expect(scene.driver.connect()).rejects.toThrow('connect');
    expect(scene.types).toEqual(['closed']);
  });

  it('in the middle of the first attempts ends them', async () => {
    const scene = new DriverScene(await freePort());
    const connecting = scene.driver.connect();
    await scene.happened('connectAttemptFailed');
    const closing = scene.driver.close();
    await expect(connecting).rejects.toBeInstanceOf(StanClosedError);
    await closing;
    expect(scene.types.at(-1)).toBe('closed');
    expect(scene.types).not.toContain('gaveUp');
  });

  it('in the middle of one attempt ends it, and the client id is free at once', async () => {
    const broker = await startBroker();
    broker.faults.freeze();
    const scene = new DriverScene(broker.port, { connectTimeoutMs: 60_000 });
    const connecting = scene.driver.connect();
    const closing = scene.driver.close();
    await expect(connecting).rejects.toBeInstanceOf(StanClosedError);
    await expect(connecting).rejects.toThrow('connect');
    await closing;
    broker.faults.unfreeze();
    const next = new DriverScene(broker.port);
    await next.driver.connect();
    expect(next.driver.isReady()).toBe(true);
  });

  it('is idempotent, frees the client id, and refuses what comes later', async () => {
    const { broker, scene } = await connectedScene();
    const closing = scene.driver.close();
    expect(scene.driver.close()).toBe(closing);
    await closing;
    expect(scene.types).toEqual(['connecting', 'connected', 'closed']);
    expect(scene.driver.isReady()).toBe(false);
    await expect(scene.subscribe()).rejects.toBeInstanceOf(StanClosedError);
    await expect(scene.subscribe()).rejects.toThrow('subscribe');
    const attempt = scene.publish('late');
    await eventually(() => expect(attempt).toMatchObject({ outcome: 'not-sent', guid: '' }));
    expect(attempt.error?.cause).toBeInstanceOf(StanClosedError);
    expect(attempt.error?.cause.message).toContain('publish');
    const next = new DriverScene(broker.port);
    await next.driver.connect();
    expect(next.types).toEqual(['connecting', 'connected']);
  });

  it('reports open publishes as possibly stored, in order, and each once', async () => {
    const { broker, scene } = await connectedScene();
    broker.faults.drop('publishAck');
    const attempts = ['a', 'b', 'c'].map((name) => scene.publish(name));
    await scene.driver.close();
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(scene.told.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    for (const { error, timesTold } of attempts) {
      expect(error?.cause).toBeInstanceOf(StanClosedError);
      expect(error?.cause.message).toContain('publish');
      expect(timesTold).toBe(1);
    }
  });

  it('reports a goodbye that the server does not answer, and ends within the connect timeout', async () => {
    const { broker, scene } = await connectedScene();
    broker.faults.drop('closeResponse');
    await scene.driver.close();
    const { error } = await scene.happened('warning');
    expect(error).toMatchObject({ code: 'STAN_CLOSE_TIMEOUT' });
    expect(error.message).toContain('the session');
    expect(error.message).toContain('300 ms');
    expect(scene.types.at(-1)).toBe('closed');
  });

  it('does not wait for a goodbye while there is no transport', async () => {
    const { broker, scene } = await connectedScene({ connectTimeoutMs: 60_000 });
    await broker.stop();
    await scene.happened('transportLost');
    await scene.driver.close();
    const { error } = await scene.happened('warning');
    expect(error).toMatchObject({ code: 'STAN_CLOSE_TIMEOUT' });
    expect(error.message).toContain('the session');
  });
});
