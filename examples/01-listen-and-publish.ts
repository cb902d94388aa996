/* One service publishes, another one listens; both in this process, over an embedded STAN server. */
import 'reflect-metadata';
import { Controller, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { ClientStan, durableQueue, InjectStanClient, ServerStan, StanEventPattern, StanModule } from 'nestjs-stan';
import { StanBroker } from 'nestjs-stan/broker';

const broker = await StanBroker.start({ port: 0 });

class TicketCreated {
  id!: number;
  title!: string;
}

@Controller()
class TicketsListener {
  @StanEventPattern('ticket:created')
  created(@Payload() ticket: TicketCreated): void {
    console.log(`orders: ticket ${ticket.id} is "${ticket.title}"`);
  }
}

@Module({ controllers: [TicketsListener] })
class OrdersModule {}

@Injectable()
class Tickets {
  constructor(@InjectStanClient() private readonly events: ClientStan) {}

  async create(id: number, title: string): Promise<void> {
    const { guid } = await this.events.emitAsync('ticket:created', { id, title });
    console.log(`tickets: stored as ${guid}`);
  }
}

@Module({
  imports: [StanModule.register({ clusterId: broker.clusterId, clientId: 'tickets-0', servers: broker.url })],
  providers: [Tickets],
})
class TicketsModule {}

const orders = await NestFactory.createMicroservice(OrdersModule, {
  strategy: new ServerStan({
    clusterId: broker.clusterId,
    clientId: 'orders-0',
    servers: broker.url,
    subscription: durableQueue('orders'),
  }),
  logger: ['error', 'warn'],
});
await orders.listen();
const tickets = await NestFactory.createApplicationContext(TicketsModule, { logger: ['error', 'warn'] });

await tickets.get(Tickets).create(1, 'Front row');
await broker.settle();

await tickets.close();
await orders.close();
await broker.close();
