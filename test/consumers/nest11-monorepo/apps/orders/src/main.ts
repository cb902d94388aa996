import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { OrderCreated } from '@shop/events';
import { orderCreated } from '@shop/events';
import { IsInt } from 'class-validator';
import { defineEvents, durableQueue, StanError, StanEventPattern } from 'nestjs-stan';
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

class Checked {
  @IsInt()
  readonly id!: number;
}

/** class-transformer is not installed here: a contract with a class says so where it is defined. */
function classesNeedClassTransformer(): void {
  try {
    defineEvents({ 'order:created': Checked });
  } catch (error) {
    if (error instanceof StanError && error.message.includes('npm i class-transformer')) return;
    throw error;
  }
  throw new Error('a class was taken without class-transformer');
}

async function main(): Promise<void> {
  classesNeedClassTransformer();
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
