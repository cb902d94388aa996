/** The published JetStream transport, as its readme uses it: a server with manual acks, its client's emit(). */
'use strict';

require('reflect-metadata');
const { Controller, Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { Ctx, EventPattern, Payload } = require('@nestjs/microservices');
const { NatsJetStreamClientProxy, NatsJetStreamServer } = require('@nestjs-plugins/nestjs-nats-jetstream-transport');
const { lastValueFrom } = require('rxjs');

const [url] = process.argv.slice(2);
const connectionOptions = { servers: url };

async function listen(unique, { subject, maxInFlight }, onData) {
  class Handlers {}
  Handlers.prototype.handle = (data, context) => {
    onData(data);
    context.message.ack();
  };
  Payload()(Handlers.prototype, 'handle', 0);
  Ctx()(Handlers.prototype, 'handle', 1);
  Reflect.defineMetadata('design:paramtypes', [Object, Object], Handlers.prototype, 'handle');
  EventPattern(subject)(Handlers.prototype, 'handle', Object.getOwnPropertyDescriptor(Handlers.prototype, 'handle'));
  Controller()(Handlers);
  class AppModule {}
  Module({ controllers: [Handlers] })(AppModule);
  const strategy = new NatsJetStreamServer({
    connectionOptions,
    consumerOptions: {
      ...{ deliverTo: unique('other'), durable: unique('other'), deliverPolicy: 'All', ackPolicy: 'Explicit' },
      ...{ manualAck: true, maxAckPending: maxInFlight },
    },
  });
  const app = await NestFactory.createMicroservice(AppModule, { strategy, logger: ['error'] });
  await app.listen();
  return app;
}

async function main() {
  const { arrivalMeter, eventOf, measured, publishInWindow, serveContestant, unique } =
    await import('../../harness/serve-contestant.mjs');
  const client = new NatsJetStreamClientProxy({ connectionOptions });
  await client.connect();

  serveContestant({
    publish: ({ subject, count, window, payloadBytes }) => {
      const event = eventOf(payloadBytes);
      return measured(count, () =>
        publishInWindow({ count, window }, (onAck) => {
          lastValueFrom(client.emit(subject, event)).then(() => onAck(), onAck);
        }),
      );
    },

    deliver: async ({ subject, count, maxInFlight }) => {
      const meter = arrivalMeter(count);
      const app = await listen(unique, { subject, maxInFlight }, meter.onArrival);
      const result = await meter.done;
      await app.close();
      return result;
    },
  });
}

void main();
