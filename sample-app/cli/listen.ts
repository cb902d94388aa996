/**
 * `npm run listen [-- subject …]`: prints what arrives, as a member of the queue group `listeners` with a durable name.
 * Start it twice and the two share the events; stop both, publish, start one, and it gets what it missed.
 */
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { STAN_TRANSPORT, ServerStan, StanContext, durableQueue, uniqueClientId } from 'nestjs-stan';
import { readConnection, readWords } from './connection.js';

const given = readWords();
const subjects = given.length > 0 ? given : ['ticket:created'];

@Controller()
class Listener {
  // One method for several subjects: Nest takes a list of patterns, each becomes a subscription of its own.
  @EventPattern<string[]>(subjects, STAN_TRANSPORT)
  received(@Payload() data: unknown, @Ctx() context: StanContext): void {
    const event = `#${context.getSequence()}  ${context.getSubject()}  ${JSON.stringify(data)}`;
    console.log(`${event}  redelivered ${context.getRedeliveryCount()}`);
  }
}

@Module({ controllers: [Listener] })
class ListenModule {}

const connection = readConnection();
// A client id of its own per process: the server refuses the second client of a name, or drops the first.
const clientId = uniqueClientId('listener')();
const app = await NestFactory.createMicroservice(ListenModule, {
  strategy: new ServerStan({
    ...connection,
    clientId,
    subscription: { ...durableQueue('listeners'), ackWaitMs: 30_000 },
  }),
  logger: ['fatal', 'error', 'warn'],
});
// SIGINT and SIGTERM close the subscription first, so that the server sends nothing more to a listener that is going.
app.enableShutdownHooks();
try {
  await app.listen();
  console.log(`${clientId} listens to ${subjects.join(', ')} at ${connection.servers.join(', ')}`);
} catch (error) {
  // No server within a minute, or Ctrl-C before there was one.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
