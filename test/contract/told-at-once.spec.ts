import type { StanClientOptions } from 'nestjs-stan';
import { describe, expect, it } from 'vitest';

import { contract, listenerFor } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { startUnconnectedClient } from '../support/stan-app.js';
import { latch } from '../support/wait.js';

contract('what somebody waits for', (t) => {
  /** A client that nobody has connected yet, and what it says of each attempt. */
  const lateClient = (options: Partial<StanClientOptions>) => {
    const client = startUnconnectedClient({
      ...{ clusterId: t.broker.clusterId, clientId: fresh('late'), servers: t.broker.url },
      driver: t.broker.driver,
      reconnect: { initialDelayMs: 50, maxDelayMs: 100, firstConnectTimeoutMs: 1_500 },
      connectTimeoutMs: 300,
      ...options,
    });
    const told: string[] = [];
    client.on('connectAttemptFailed', ({ error }) => told.push(error.message));
    return { client, told };
  };

  describe('a client id that is taken', () => {
    t.only(
      'clientIdIsExclusive',
      'by a ServerStan of this process is told as that, with the first attempt',
      async () => {
        const clientId = fresh('one');
        await t.app({ controllers: [listenerFor(fresh('x'), {}, () => undefined)], server: { clientId } });
        const { client, told } = lateClient({ clientId });
        const connecting = client.connect();
        await t.eventually(() => told.length > 0);
        expect(told[0]).toContain(`client id "${clientId}" is already registered with the server`);
        expect(told[0]).toContain(
          'by another ServerStan or ClientStan of this process, or by the same module imported twice',
        );
        await client.close();
        await connecting.catch(() => undefined);
      },
    );

    t.only('clientIdIsExclusive', 'by another process is the message of a publish that waited for it', async () => {
      const { clientId } = await t.rawClient();
      const { client } = lateClient({ clientId });
      const failure = await client.emitAsync(fresh('x'), 1).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'STAN_NOT_CONNECTED', cause: { code: 'STAN_DUPLICATE_CLIENT_ID' } });
      expect(failureText(failure)).toContain(
        'is already registered with the server; give every process a clientId of its own',
      );
    });
  });

  t.only('clusterIds', 'a cluster that nobody serves is named in the message of a publish', async () => {
    const { client } = lateClient({ clusterId: 'nobody-serves-it' });
    const failure = await client.emitAsync(fresh('x'), 1).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'STAN_NOT_CONNECTED' });
    expect(failureText(failure)).toContain('clusterId "nobody-serves-it" is its own');
  });

  it('an app says that it subscribes before it does, and that it listens when all its subscriptions stand', async () => {
    const { log, clientId } = await t.app({
      controllers: [fresh('a'), fresh('b')].map((subject) => listenerFor(subject, {}, () => undefined)),
    });
    const own = log.map(({ text }) => text).filter((text) => text.includes(`"${clientId}"`));
    expect(own).toEqual([
      expect.stringContaining(`connected as "${clientId}", subscribing 2 handlers`),
      expect.stringContaining(`listening as "${clientId}" with 2 handlers`),
    ]);
  });

  it('a stop that waits for a handler says so', async () => {
    const subject = fresh('slow');
    const [running, release] = [latch(), latch()];
    const app = await t.app({
      controllers: [
        listenerFor(subject, {}, async () => {
          running.open();
          await release.promise;
        }),
      ],
    });
    await (await t.client()).emitAsync(subject, 1);
    await running.promise;
    const closing = app.close();
    await t.eventually(() =>
      app.log.some(({ text }) => text.includes('stopping: waiting up to 10000 ms for 1 running handler')),
    );
    release.open();
    await closing;
  });
});

function failureText(failure: unknown): string {
  return failure instanceof Error ? failure.message : 'no error';
}
