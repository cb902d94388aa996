// The health indicator of the packed package in the app's own Terminus, over HTTP: live and ready while the app keeps up,
// ready but degraded while it lags, not ready while it lags too much, neither without the server. The argument is what this
// Terminus shows of an indicator that is degraded.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern } from '@nestjs/microservices';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { ClientStan, durableQueue, ServerStan, StanHealthIndicator, StanLag, StanMonitoring } from 'nestjs-stan';
import { StanBroker } from 'nestjs-stan/broker';

let handlersMayEnd = (): void => undefined;
const handlersEnd = new Promise<void>((resolve) => (handlersMayEnd = resolve));

async function main(): Promise<void> {
  const broker = await StanBroker.start({ port: 0, monitoringPort: 0 });
  const connection = { clusterId: broker.clusterId, servers: broker.url };
  const server = new ServerStan({
    ...connection,
    clientId: 'orders',
    drainTimeoutMs: 100,
    subscription: durableQueue('orders'),
  });
  const client = new ClientStan({ ...connection, clientId: 'tickets' });
  const of = new StanLag({ monitoring: new StanMonitoring({ url: broker.monitoringUrl ?? '' }), cacheMs: 0 });
  const stan = new StanHealthIndicator({ server }, { lag: { of, degradedAbove: 1, downAbove: 3 } });

  @Controller()
  class AppController {
    constructor(private readonly health: HealthCheckService) {}

    @EventPattern('ticket:created')
    created(_event: unknown): Promise<void> {
      return handlersEnd;
    }

    @Get('live')
    @HealthCheck()
    live() {
      return this.health.check([() => stan.isHealthy('stan')]);
    }

    @Get('ready')
    @HealthCheck()
    ready() {
      return this.health.check([() => stan.check('stan')]);
    }
  }

  @Module({ imports: [TerminusModule.forRoot({ logger: false })], controllers: [AppController] })
  class AppModule {}

  const app = await NestFactory.create(AppModule, { logger: false });
  app.connectMicroservice({ strategy: server });
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const ask = async (path: string): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${port}/${path}`);
    const { details } = (await answer.json()) as { details: { stan?: { status: string } } };
    return `${answer.status} ${details.stan?.status ?? 'left out'}`;
  };
  const becomes = async (path: string, expected: string): Promise<void> => {
    let last = '';
    for (let turn = 0; turn < 200 && (last = await ask(path)) !== expected; turn += 1) await pause(50);
    assert.equal(last, expected, path);
  };

  assert.equal(await ask('live'), '200 up');
  assert.equal(await ask('ready'), '200 up');
  for (const id of [1, 2]) await client.emitAsync('ticket:created', { id });
  await becomes('ready', `200 ${process.argv[2]}`);
  for (const id of [3, 4]) await client.emitAsync('ticket:created', { id });
  await becomes('ready', '503 down');
  assert.equal(await ask('live'), '200 up', 'lag is no reason to be restarted');
  handlersMayEnd();
  await becomes('ready', '200 up');
  await client.close();
  await broker.close();
  await becomes('live', '503 down');
  await becomes('ready', '503 down');
  await app.close();
  stan.close();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
