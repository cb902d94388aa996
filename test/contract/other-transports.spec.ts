import type { INestApplication } from '@nestjs/common';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { ClientProxy } from '@nestjs/microservices';
import { ClientProxyFactory, MessagePattern, RpcException, Transport } from '@nestjs/microservices';
import { ServerStan, StanEventPattern } from 'nestjs-stan';
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';

import { cleanUpAfterTest } from '../support/cleanup.js';
import { contract } from '../support/contract.js';
import { freePort } from '../support/free-port.js';
import { fresh } from '../support/fresh.js';
import { collectingLogger } from '../support/stan-app.js';
import type { CollectingLogger } from '../support/stan-app.js';

interface Hybrid {
  readonly subject: string;
  readonly logger: CollectingLogger;
  readonly tcp: ClientProxy;
  /** What the handlers of events failed with, as `ServerStan` reports it. */
  readonly failures: unknown[];
}

contract('another transport in the same application', (t) => {
  async function startHybrid(): Promise<Hybrid> {
    const subject = fresh('ticket');
    @Controller()
    class Tickets {
      @MessagePattern('buy', Transport.TCP)
      buy(kind: unknown): never {
        if (kind === 'rpc') throw new RpcException('sold out');
        throw new Error('password=secret');
      }

      @StanEventPattern(subject, { startAt: 'first' })
      created(kind: unknown): never {
        return this.buy(kind);
      }
    }
    @Module({ controllers: [Tickets] })
    class AppModule {}
    const logger = collectingLogger();
    const app: INestApplication = await NestFactory.create(AppModule, { logger });
    cleanUpAfterTest(() => app.close());
    const server = new ServerStan({
      ...{ clusterId: t.broker.clusterId, servers: t.broker.url, driver: t.broker.driver },
      clientId: fresh('service'),
    });
    const failures: unknown[] = [];
    server.on('handlerError', ({ error }) => failures.push((error as Error).message));
    const listener = { host: '127.0.0.1', port: await freePort() };
    app.connectMicroservice({ transport: Transport.TCP, options: listener });
    app.connectMicroservice({ strategy: server });
    await app.startAllMicroservices();
    const tcp = ClientProxyFactory.create({ transport: Transport.TCP, options: listener });
    cleanUpAfterTest(() => tcp.close());
    return { subject, logger, tcp, failures };
  }

  /** What the caller over TCP is answered. */
  const answerTo = async ({ tcp }: Hybrid, kind: string): Promise<unknown> =>
    firstValueFrom(tcp.send('buy', kind)).then(
      () => undefined,
      (error: unknown) => error,
    );

  it('hides an unknown error from its callers and logs it, as Nest does', async () => {
    const hybrid = await startHybrid();
    expect(await answerTo(hybrid, 'unknown')).toEqual({ status: 'error', message: 'Internal server error' });
    const logged = hybrid.logger.lines.filter(({ level }) => level === 'error').map(({ text }) => text);
    expect(logged).toEqual([expect.stringContaining('password=secret') as string]);
    expect(logged[0]).toContain('RpcExceptionsHandler');
  });

  it('answers with an RpcException as it was thrown', async () => {
    expect(await answerTo(await startHybrid(), 'rpc')).toEqual({ status: 'error', message: 'sold out' });
  });

  it('an event beside it fails with the original, which Nest does not log', async () => {
    const hybrid = await startHybrid();
    await (await t.client()).emitAsync(hybrid.subject, 'unknown');
    await t.eventually(() => expect(hybrid.failures).toEqual(['password=secret']));
    expect(hybrid.logger.lines.map(({ text }) => text).join('\n')).not.toContain('RpcExceptionsHandler');
  });
});
