import { Controller, Inject, Injectable, Module } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { ClientProxy } from '@nestjs/microservices';
import { ClientsModule, Payload } from '@nestjs/microservices';
import type { StanClientOptions } from 'nestjs-stan';
import { ClientStan, InjectStanClient, ServerStan, StanEventPattern, StanModule } from 'nestjs-stan';
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { cleanUpAfterTest } from '../support/cleanup.js';
import type { Contract } from '../support/contract.js';
import { contract } from '../support/contract.js';
import { freePort } from '../support/free-port.js';
import { fresh } from '../support/fresh.js';
import { collectingLogger } from '../support/stan-app.js';
import { eventually, latch } from '../support/wait.js';

function clientOptions(t: Contract, options: Partial<StanClientOptions> = {}): StanClientOptions {
  return {
    clusterId: t.broker.clusterId,
    driver: t.broker.driver,
    servers: t.broker.url,
    clientId: fresh('publisher'),
    ...options,
  };
}

async function channelTexts(t: Contract, subject: string): Promise<string[]> {
  const count = await t.broker.facts.storedCount(subject);
  if (count === 0) return [];
  const messages = await (await t.rawClient()).readAll(subject);
  await eventually(() => messages.length >= count);
  return messages.map((message) => message.getRawData().toString());
}

contract('a client in a Nest app', (t) => {
  it.each(['microservice', 'hybrid app'])(
    'G51 lets handlers that run while a %s stops publish to the end, and then leaves the server',
    async (kind) => {
      const [subject, results] = [fresh('orders'), fresh('results')];
      const [isRunning, mayGoOn] = [latch(), latch()];
      @Controller()
      class Listener {
        constructor(@InjectStanClient() private readonly events: ClientStan) {}

        @StanEventPattern(subject, { startAt: 'first' })
        async handle(@Payload() data: number): Promise<void> {
          isRunning.open();
          await mayGoOn.promise;
          await this.events.emitAsync(results, data + 1);
        }
      }
      const options = clientOptions(t);
      @Module({ imports: [StanModule.register(options)], controllers: [Listener] })
      class AppModule {}
      const strategy = new ServerStan({ ...clientOptions(t), clientId: fresh('service') });
      const app = await start(kind, AppModule, strategy);
      await app.get(ClientStan, { strict: false }).emitAsync(subject, 1);
      await isRunning.wait();

      const closing = app.close();
      mayGoOn.open();
      await closing;
      expect(await channelTexts(t, results)).toEqual(['2']);
      await eventually(async () => expect(await t.broker.facts.clientIds()).not.toContain(options.clientId));
      expect(await t.broker.facts.pendingCount(subject)).toBe(0);
    },
  );

  it('can be published to from onModuleDestroy', async () => {
    const subject = fresh('goodbye');
    @Injectable()
    class Goodbye implements OnModuleDestroy {
      constructor(@InjectStanClient() private readonly events: ClientStan) {}

      async onModuleDestroy(): Promise<void> {
        await this.events.emitAsync(subject, 'bye');
      }
    }
    @Module({ imports: [StanModule.register(clientOptions(t))], providers: [Goodbye] })
    class AppModule {}
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    await app.close();
    expect(await channelTexts(t, subject)).toEqual(['"bye"']);
  });

  it('flushes what nobody awaits when the app is closed', async () => {
    const subject = fresh('flush');
    @Module({ imports: [StanModule.register(clientOptions(t))] })
    class AppModule {}
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    const client = app.get(ClientStan);
    for (let id = 0; id < 2_000; id += 1) client.emit(subject, id);
    await app.close();
    expect(await t.broker.facts.storedCount(subject)).toBe(2_000);
  });

  it('works as customClass of ClientsModule, and is closed by it', async () => {
    const subject = fresh('custom');
    const options = clientOptions(t);
    @Injectable()
    class Publisher {
      constructor(@Inject('EVENTS') readonly events: ClientProxy) {}
    }
    @Module({
      imports: [ClientsModule.register([{ name: 'EVENTS', customClass: ClientStan, options: { ...options } }])],
      providers: [Publisher],
    })
    class AppModule {}
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    const { events } = app.get(Publisher);
    expect(await firstValueFrom(events.emit(subject, { id: 1 }))).toMatchObject({ subject, attempts: 1 });
    await expect(firstValueFrom(events.send(subject, 1))).rejects.toMatchObject({
      code: 'STAN_MESSAGE_PATTERN_UNSUPPORTED',
    });
    await app.close();
    await eventually(async () => expect(await t.broker.facts.clientIds()).not.toContain(options.clientId));
  });

  it('serves two clients of one app side by side', async () => {
    const subject = fresh('two');
    @Injectable()
    class Publisher {
      constructor(
        @InjectStanClient() readonly own: ClientStan,
        @InjectStanClient('audit') readonly audit: ClientStan,
      ) {}
    }
    @Module({
      imports: [
        StanModule.register(clientOptions(t)),
        StanModule.registerAsync({ name: 'audit', useFactory: () => clientOptions(t, { clientId: fresh('audit') }) }),
      ],
      providers: [Publisher],
    })
    class AppModule {}
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    cleanUpAfterTest(() => app.close());
    const { own, audit } = app.get(Publisher);
    await Promise.all([own.emitAsync(subject, 1), audit.emitAsync(subject, 2)]);
    expect((await channelTexts(t, subject)).sort()).toEqual(['1', '2']);
  });

  it('F47 does not hold up the start of the app while the broker is away, and says so in the log', async () => {
    const logger = collectingLogger();
    const options = clientOptions(t, {
      servers: `nats://127.0.0.1:${await freePort()}`,
      reconnect: { initialDelayMs: 20, maxDelayMs: 50, firstConnectTimeoutMs: 60_000 },
    });
    @Module({ imports: [StanModule.register(options)] })
    class AppModule {}
    const app = await NestFactory.createApplicationContext(AppModule, { logger });
    await eventually(() => logger.lines.some(({ text }) => text.startsWith('connect attempt 1 failed')));
    await app.close();
  });
});

interface ClosableApp {
  get(token: typeof ClientStan, options: { strict: false }): ClientStan;
  close(): Promise<void>;
}

async function start(kind: string, module: new () => object, strategy: ServerStan): Promise<ClosableApp> {
  const quiet = { logger: false, abortOnError: false } as const;
  if (kind === 'microservice') {
    const app = await NestFactory.createMicroservice(module, { strategy, ...quiet });
    await app.listen();
    return app;
  }
  const app = await NestFactory.create(module, quiet);
  app.connectMicroservice({ strategy });
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  return app;
}
