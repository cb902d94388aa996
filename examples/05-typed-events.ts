/* A contract: one declaration ties subject and payload, for the compiler and at run time, over an embedded STAN server. */
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { ClientStan, defineEvents, durableQueue, firstVersion, InvalidPayloadError, ServerStan } from 'nestjs-stan';
import { StanBroker } from 'nestjs-stan/broker';
import { z } from 'zod';

const ticketV1 = z.object({ id: z.string(), title: z.string() });
const ticketV2 = ticketV1.extend({ price: z.number() });
const shop = defineEvents({
  'ticket:created': firstVersion(ticketV1).next(ticketV2, (old) => ({ ...old, price: 0 })),
});

@Controller()
class TicketsListener {
  @shop.EventPattern('ticket:created')
  created(@Payload() ticket: z.output<typeof ticketV2>): void {
    console.log(`orders: "${ticket.title}" for ${ticket.price}`);
  }
}

@Module({ controllers: [TicketsListener] })
class OrdersModule {}

const broker = await StanBroker.start({ port: 0 });
const connection = { clusterId: broker.clusterId, servers: broker.url };
const orders = await NestFactory.createMicroservice(OrdersModule, {
  strategy: new ServerStan({ ...connection, clientId: 'orders-0', subscription: durableQueue('orders') }),
  logger: ['error', 'warn'],
});
await orders.listen();

const older = new ClientStan({ ...connection, clientId: 'tickets-old' });
await older.emitAsync('ticket:created', { id: '1', title: 'opera' }); // a publisher of before: version 1
const events = new ClientStan({ ...connection, clientId: 'tickets-0', contract: shop });
await events.emitAsync('ticket:created', { id: '2', title: 'ballet', price: 50 });
await events.emitAsync('ticket:created', { id: '3', title: 'free', price: 'none' as never }).catch((error: unknown) => {
  if (error instanceof InvalidPayloadError) console.log(`tickets: ${error.message}`);
});
await broker.settle();

await older.close();
await events.close();
await orders.close();
await broker.close();
