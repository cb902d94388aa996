import type { CallHandler, CanActivate, ExecutionContext, INestApplicationContext, Type } from '@nestjs/common';
import { Catch, Controller, Injectable, Module, Scope, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule, Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { IsInt, IsString } from 'class-validator';
import type { StanSubscriptionOptions } from 'nestjs-stan';
import { ClientStan, InjectStanClient, ServerStan, StanContext, StanEventPattern, StanModule } from 'nestjs-stan';
import type { Observable } from 'rxjs';
import { EMPTY, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { cleanUpAfterTest } from '../support/cleanup.js';
import type { Contract } from '../support/contract.js';
import { contract, emitAll, listenerFor, Recorder } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { collectingLogger, moduleOf } from '../support/stan-app.js';
import { eventually } from '../support/wait.js';

class TicketCreated {
  @IsInt()
  id!: number;

  @IsString()
  title!: string;
}

/** The four global enhancers of Nest, each telling `calls` that it was there. */
function globalEnhancers(calls: string[]) {
  const guard: CanActivate = { canActivate: () => Boolean(calls.push('guard')) };
  const interceptor = {
    intercept: (_: ExecutionContext, next: CallHandler): Observable<unknown> => {
      calls.push('interceptor');
      return next.handle().pipe(tap({ complete: () => void calls.push('completed') }));
    },
  };
  @Catch()
  class Filter {
    catch(): Observable<never> {
      calls.push('filter');
      return EMPTY;
    }
  }
  return { guard, interceptor, filter: new Filter(), pipe: new ValidationPipe({ transform: true }) };
}

function ticketsListener(subject: string, options: StanSubscriptionOptions, seen: TicketCreated[]): Type {
  @Controller()
  class TicketsListener {
    @StanEventPattern(subject, options)
    created(@Payload() event: TicketCreated): void {
      if (event.title === 'fails') throw new Error('planned failure');
      seen.push(event);
    }
  }
  return TicketsListener;
}

contract('in Nest', (t) => {
  const pending = (subject: string) => t.broker.facts.pendingCount(subject);

  describe('B17 global pipes, guards, interceptors and filters', () => {
    const exercise = async (subject: string, seen: TicketCreated[], calls: string[]) => {
      const client = await t.client();
      await client.emitAsync(subject, { id: 1, title: 'good' });
      // Before the next one, whose guard may otherwise be asked first.
      await eventually(() => expect(calls).toEqual(['guard', 'interceptor', 'completed']));
      await client.emitAsync(subject, { id: 'x', title: 7 });
      await client.emitAsync(subject, { id: 2, title: 'fails' });
      await eventually(() => expect(calls.filter((call) => call === 'filter')).toHaveLength(2), {
        what: 'both failures',
      });
      expect(seen).toEqual([{ id: 1, title: 'good' }]);
      expect(seen[0]).toBeInstanceOf(TicketCreated);
      expect(calls.filter((call) => call === 'guard')).toHaveLength(3);
      await eventually(async () => expect(await pending(subject)).toBe(0), {
        what: 'acks: the filter swallowed both failures',
      });
    };

    it('work in a microservice', async () => {
      const [subject, seen, calls] = [fresh('tickets'), [] as TicketCreated[], [] as string[]];
      const { guard, interceptor, filter, pipe } = globalEnhancers(calls);
      await t.app({
        controllers: [ticketsListener(subject, { startAt: 'first' }, seen)],
        configure: (app) =>
          app.useGlobalPipes(pipe).useGlobalGuards(guard).useGlobalInterceptors(interceptor).useGlobalFilters(filter),
      });
      await exercise(subject, seen, calls);
    });

    it('work in a hybrid app that inherits its configuration', async () => {
      const [subject, seen, calls] = [fresh('tickets'), [] as TicketCreated[], [] as string[]];
      const { guard, interceptor, filter, pipe } = globalEnhancers(calls);
      const module = moduleOf({
        controllers: [ticketsListener(subject, { startAt: 'first' }, seen)],
        imports: [],
        providers: [],
      });
      const app = await NestFactory.create(module, { logger: collectingLogger(), abortOnError: false });
      cleanUpAfterTest(() => app.close());
      app.useGlobalPipes(pipe).useGlobalGuards(guard).useGlobalInterceptors(interceptor).useGlobalFilters(filter);
      app.connectMicroservice({ strategy: newServer(t) }, { inheritAppConfig: true });
      await app.startAllMicroservices();
      await exercise(subject, seen, calls);
    });
  });

  it('B17 leaves an event unacked that fails validation, and hands on the next', async () => {
    const [subject, seen] = [fresh('tickets'), [] as TicketCreated[]];
    await t.app({
      controllers: [ticketsListener(subject, { startAt: 'first' }, seen)],
      configure: (app) => app.useGlobalPipes(new ValidationPipe()),
    });
    const client = await t.client();
    await client.emitAsync(subject, { id: 'no number' });
    await client.emitAsync(subject, { id: 2, title: 'good' });
    await eventually(() => expect(seen).toMatchObject([{ id: 2 }]));
    await eventually(async () => expect(await pending(subject)).toBe(1));
  });

  it('B18 takes the same options from @EventPattern as from @StanEventPattern', async () => {
    const subject = fresh('orders');
    const seen = new Recorder();
    @Controller()
    class Listener {
      @EventPattern<string>(subject, {
        queueGroup: 'orders',
        durableName: 'orders',
        startAt: 'first',
        ackWaitMs: 7_000,
        maxInFlight: 3,
      })
      handle(@Payload() data: unknown, @Ctx() context: StanContext): void {
        seen.add(data, context);
      }
    }
    await t.app({ controllers: [Listener] });
    await (await t.client()).emitAsync(subject, 1);
    await eventually(() => seen.count === 1);
    expect(await t.broker.facts.subscriptions(subject)).toMatchObject([
      { queue_name: 'orders:orders', is_durable: true, ack_wait: 7 },
    ]);
    if (t.broker.features.limitsMembers)
      expect(await t.broker.facts.subscriptions(subject)).toMatchObject([{ max_inflight: 3 }]);
  });

  it('B18 calls the processing hooks once per event, the end hook after the work is done', async () => {
    const subject = fresh('orders');
    const calls: string[] = [];
    const { server } = await t.app({
      controllers: [
        listenerFor(subject, { startAt: 'first' }, async (id: number) => {
          await Promise.resolve();
          calls.push(`handled ${id}`);
        }),
      ],
      configure: () => undefined,
    });
    server.setOnProcessingStartHook((_, context, done) => {
      calls.push(`start ${(context as StanContext).getSequence()}`);
      void done();
    });
    server.setOnProcessingEndHook((_, context) => void calls.push(`end ${(context as StanContext).getSequence()}`));
    const client = await t.client();
    for (const id of [1, 2]) {
      await client.emitAsync(subject, id);
      await eventually(() => expect(calls).toContain(`end ${id}`));
    }
    expect(calls).toEqual(['start 1', 'handled 1', 'end 1', 'start 2', 'handled 2', 'end 2']);
  });

  it('B18 reports a failing handler once, to the logger and to on()', async () => {
    const subject = fresh('orders');
    const { log, server } = await t.app({
      controllers: [
        listenerFor(subject, { startAt: 'first' }, () => {
          throw new Error('planned failure 4711');
        }),
      ],
    });
    const told: unknown[] = [];
    server.on('handlerError', ({ subject: about, sequence, error, next }) =>
      told.push({ about, sequence, message: (error as Error).message, next }),
    );
    await (await t.client()).emitAsync(subject, 1);
    await eventually(() => expect(log.filter(({ text }) => text.includes('planned failure 4711'))).not.toEqual([]));
    await (await t.client()).emitAsync(fresh('other'), 1);
    expect(log.filter(({ text }) => text.includes('planned failure 4711'))).toHaveLength(1);
    expect(told).toEqual([{ about: subject, sequence: 1, message: 'planned failure 4711', next: 'redelivery' }]);
  });

  it('B18 tells its status on server and client, and gives the client of the driver by unwrap()', async () => {
    const statuses: string[] = [];
    const app = await t.app({
      controllers: [listenerFor(fresh('orders'), {}, () => undefined)],
      configure: (nest) => void nest.status.subscribe((status) => statuses.push(status)),
    });
    expect(statuses.at(-1)).toBe('connected');
    expect(app.server.unwrap<{ clientID: string }>()).toBeInstanceOf(Object);
    await app.close();
    expect(statuses.at(-1)).toBe('closed');

    const client = await t.client();
    const clientStatuses: string[] = [];
    client.status.subscribe((status) => clientStatuses.push(status));
    expect(clientStatuses).toEqual(['connected']);
    expect(client.unwrap()).toBeInstanceOf(Object);
    await client.close();
    expect(clientStatuses.at(-1)).toBe('closed');
  });

  it('B18 makes a new request-scoped controller for each event', async () => {
    const subject = fresh('orders');
    let instances = 0;
    const seen: unknown[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class PerEvent {
      readonly number = (instances += 1);
    }
    @Controller()
    class Listener {
      constructor(private readonly perEvent: PerEvent) {}
      @StanEventPattern(subject, { startAt: 'first' })
      handle(@Payload() data: number): void {
        seen.push([data, this.perEvent.number]);
      }
    }
    await t.app({ controllers: [Listener], providers: [PerEvent] });
    await emitAll(await t.client(), subject, [1, 2, 3]);
    await eventually(() => expect(seen).toHaveLength(3));
    expect(new Set(seen.map((one) => (one as number[])[1])).size).toBe(3);
  });

  describe('publishing from a module', () => {
    it.each<[string, (t: Contract) => Type]>([
      ['StanModule.register', (c) => StanModule.register(clientOptions(c)) as never],
      ['StanModule.registerAsync', (c) => StanModule.registerAsync({ useFactory: () => clientOptions(c) }) as never],
    ])('injects a client from %s', async (_, imports) => {
      const subject = fresh('orders');
      @Injectable()
      class Orders {
        constructor(readonly events: ClientStan) {}
      }
      @Module({ imports: [imports(t)], providers: [Orders] })
      class OrdersModule {}
      const context = await startContext(OrdersModule);
      const receipt = await context.get(Orders).events.emitAsync(subject, 1);
      expect(receipt.subject).toBe(subject);
      expect(await t.broker.facts.storedCount(subject)).toBe(1);
    });

    it('injects several clients by their names, each a session of its own', async () => {
      const [first, second] = [clientOptions(t), clientOptions(t)];
      @Injectable()
      class Orders {
        constructor(
          @InjectStanClient('first') readonly first: ClientStan,
          @InjectStanClient('second') readonly second: ClientStan,
        ) {}
      }
      @Module({
        imports: [
          StanModule.register({ ...first, name: 'first' }),
          StanModule.registerAsync({ useFactory: () => second, name: 'second' }),
        ],
        providers: [Orders],
      })
      class OrdersModule {}
      const orders = (await startContext(OrdersModule)).get(Orders);
      await Promise.all([orders.first.connect(), orders.second.connect()]);
      expect(await t.broker.facts.clientIds()).toEqual(expect.arrayContaining([first.clientId, second.clientId]));
    });

    it('injects a client from ClientsModule with customClass', async () => {
      const subject = fresh('orders');
      @Module({
        imports: [ClientsModule.register([{ name: 'EVENTS', customClass: ClientStan, options: clientOptions(t) }])],
      })
      class OrdersModule {}
      const context = await startContext(OrdersModule);
      await context.get<ClientStan>('EVENTS', { strict: false }).emitAsync(subject, 1);
      expect(await t.broker.facts.storedCount(subject)).toBe(1);
    });

    it('emits when the observable of emit() is subscribed to, and also when nobody does', async () => {
      const subject = fresh('orders');
      const client = await t.client();
      client.emit(subject, 1);
      client.emit(subject, 2).subscribe();
      await eventually(async () => expect(await t.broker.facts.storedCount(subject)).toBe(2));
    });
  });
});

function clientOptions(t: Contract) {
  return {
    clusterId: t.broker.clusterId,
    driver: t.broker.driver,
    clientId: fresh('publisher'),
    servers: t.broker.url,
  };
}

function newServer(t: Contract): ServerStan {
  return new ServerStan({
    clusterId: t.broker.clusterId,
    driver: t.broker.driver,
    clientId: fresh('service'),
    servers: t.broker.url,
  });
}

async function startContext(module: Type): Promise<INestApplicationContext> {
  const context = await NestFactory.createApplicationContext(module, {
    logger: collectingLogger(),
    abortOnError: false,
  });
  cleanUpAfterTest(() => context.close());
  return context;
}
