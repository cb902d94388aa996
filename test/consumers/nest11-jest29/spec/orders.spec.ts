import { Controller, Injectable, Module } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { IsInt } from 'class-validator';
import {
  ClientStan,
  defineEvents,
  durableQueue,
  InjectStanClient,
  StanContext,
  StanError,
  StanModule,
} from 'nestjs-stan';
import { StanBroker } from 'nestjs-stan/broker';
import { StanTestHarness } from 'nestjs-stan/testing';

class OrderCreated {
  @IsInt()
  id!: number;
}

/** Checked by class-validator and class-transformer, the same copies as the app's own. */
const shop = defineEvents({ 'order:created': OrderCreated });

@Injectable()
class Orders {
  readonly handled: string[] = [];
  add(id: number, context: StanContext): void {
    this.handled.push(`${context.getSubject()} ${id} #${context.getSequence()}`);
  }
}

@Controller()
class OrdersController {
  constructor(private readonly orders: Orders) {}

  @shop.EventPattern('order:created')
  created(@Payload() event: OrderCreated, @Ctx() context: StanContext): void {
    this.orders.add(event.id, context);
  }
}

@Injectable()
class Publisher {
  constructor(@InjectStanClient() readonly events: ClientStan) {}
}

describe('an app under Jest', () => {
  it('handles an event that its own client has published', async () => {
    const harness = await StanTestHarness.start({
      moduleFor: ({ url, clusterId }) => {
        @Module({
          imports: [StanModule.register({ clusterId, servers: url, clientId: 'publisher' })],
          controllers: [OrdersController],
          providers: [Orders, Publisher],
        })
        class OrdersModule {}
        return OrdersModule;
      },
      server: { subscription: durableQueue('orders') },
    });
    try {
      await harness.get(Publisher).events.emitAsync('order:created', { id: 7 });
      await harness.acked('order:created');
      expect(harness.get(Orders).handled).toEqual(['order:created 7 #1']);
      await expect(shop.check('order:created', { id: 'seven' } as never)).rejects.toMatchObject({
        code: 'STAN_INVALID_PAYLOAD',
        issues: [{ path: 'id' }],
      });
    } finally {
      await harness.close();
    }
  });

  it('compiles a testing module with the client, and closes it without a server', async () => {
    const module = await Test.createTestingModule({
      imports: [StanModule.register({ clusterId: 'test-cluster', clientId: 'tickets', servers: 'nats://127.0.0.1:1' })],
      providers: [Publisher],
    }).compile();
    expect(module.get(Publisher).events).toBeInstanceOf(ClientStan);
    await module.close();
  });

  it('shares its error classes between the entry points', async () => {
    const refused = await StanBroker.start({ port: -1 }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(StanError);
  });
});
