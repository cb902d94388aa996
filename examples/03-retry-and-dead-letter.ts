/* A poison event: tried three times in the process, then put aside with its cause; the others are not held up. */
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import type { DeadLetter } from 'nestjs-stan';
import { ClientStan, ServerStan, StanEventPattern } from 'nestjs-stan';
import { StanBroker } from 'nestjs-stan/broker';

const broker = await StanBroker.start({ port: 0 });
const connection = { clusterId: broker.clusterId, servers: broker.url };
let putAside: () => void;
const isPutAside = new Promise<void>((resolve) => (putAside = resolve));

@Controller()
class OrdersListener {
  @StanEventPattern('order:placed', {
    startAt: 'first',
    retry: { attempts: 3, delayMs: 20 },
    maxDeliveries: 1,
    deadLetter: { subject: 'orders.dead-letters' },
  })
  placed(@Payload() order: { id: number }): void {
    console.log(`order ${order.id}`);
    if (order.id === 13) throw new Error('there is no seat 13');
  }

  @StanEventPattern('orders.dead-letters', { startAt: 'first' })
  dead(@Payload() letter: DeadLetter): void {
    console.log(`put aside: ${letter.subject} ${letter.sequence}, since ${letter.error.message}`);
    putAside();
  }
}

@Module({ controllers: [OrdersListener] })
class OrdersModule {}

const app = await NestFactory.createMicroservice(OrdersModule, {
  strategy: new ServerStan({ ...connection, clientId: 'orders-0' }),
  logger: false,
});
await app.listen();
const client = new ClientStan({ ...connection, clientId: 'shop-0' });
for (const id of [12, 13, 14]) await client.emitAsync('order:placed', { id });
await isPutAside;

await client.close();
await app.close();
await broker.close();
