import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { OrderCreated } from '@shop/events';
import { orderCreated } from '@shop/events';
import { durableQueue, StanEventPattern } from 'nestjs-stan';
import { StanTestHarness } from 'nestjs-stan/testing';

@Controller()
class OrdersController {
  @StanEventPattern(orderCreated)
  created(@Payload() event: OrderCreated): void {
    console.log(`order ${event.id}`);
  }
}

@Module({ controllers: [OrdersController] })
class OrdersModule {}

async function main(): Promise<void> {
  const harness = await StanTestHarness.start({
    module: OrdersModule,
    server: { subscription: durableQueue('orders') },
  });
  await harness.emit(orderCreated, { id: 7 });
  await harness.acked(orderCreated);
  await harness.close();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
