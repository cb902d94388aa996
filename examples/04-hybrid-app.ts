/* A hybrid app: HTTP in, an event out, and back in through STAN. */
import 'reflect-metadata';
import { Controller, Module, Param, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { ClientStan, durableQueue, InjectStanClient, ServerStan, StanEventPattern, StanModule } from 'nestjs-stan';
import { StanBroker } from 'nestjs-stan/broker';

const broker = await StanBroker.start({ port: 0 });
const connection = { clusterId: broker.clusterId, servers: broker.url };

@Controller('tickets')
class TicketsController {
  constructor(@InjectStanClient() private readonly events: ClientStan) {}

  @Post(':title')
  async create(@Param('title') title: string): Promise<{ guid: string }> {
    const { guid } = await this.events.emitAsync('ticket:created', { title });
    return { guid };
  }

  @StanEventPattern('ticket:created')
  created(@Payload() ticket: { title: string }): void {
    console.log(`a ticket for ${ticket.title}`);
  }
}

@Module({
  // Server and client are two sessions: each has a client id of its own.
  imports: [StanModule.register({ ...connection, clientId: 'tickets-publisher' })],
  controllers: [TicketsController],
})
class TicketsModule {}

const app = await NestFactory.create(TicketsModule, { logger: ['error', 'warn'] });
app.connectMicroservice(
  { strategy: new ServerStan({ ...connection, clientId: 'tickets-listener', subscription: durableQueue('tickets') }) },
  { inheritAppConfig: true },
);
await app.startAllMicroservices();
await app.listen(0, '127.0.0.1');

const answer = await fetch(`${await app.getUrl()}/tickets/Hamlet`, { method: 'POST' });
console.log(`HTTP ${answer.status}`);
await broker.settle();

await app.close();
await broker.close();
