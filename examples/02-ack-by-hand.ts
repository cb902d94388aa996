/* Acking by hand: an event whose handler does not ack comes again after ack wait, here at once on a virtual clock. */
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { ClientStan, ServerStan, StanContext, StanEventPattern } from 'nestjs-stan';
import { StanBroker } from 'nestjs-stan/broker';

const broker = await StanBroker.start({ port: 0, clock: 'virtual' });
const connection = { clusterId: broker.clusterId, servers: broker.url };

@Controller()
class PaymentsListener {
  @StanEventPattern('payment:received', { ackMode: 'manual', ackWaitMs: 30_000, startAt: 'first' })
  received(@Payload() amount: number, @Ctx() context: StanContext): void {
    const redeliveries = context.getRedeliveryCount();
    console.log(`payment of ${amount}, sequence ${context.getSequence()}, sent again ${redeliveries} times`);
    if (redeliveries === 2) context.ack();
  }
}

@Module({ controllers: [PaymentsListener] })
class PaymentsModule {}

const app = await NestFactory.createMicroservice(PaymentsModule, {
  strategy: new ServerStan({ ...connection, clientId: 'payments-0' }),
  logger: ['error', 'warn'],
});
await app.listen();
const client = new ClientStan({ ...connection, clientId: 'bank-0' });
await client.emitAsync('payment:received', 100);
for (let halfMinute = 1; halfMinute <= 4; halfMinute += 1) {
  await broker.advance('30s');
}

await client.close();
await app.close();
await broker.close();
