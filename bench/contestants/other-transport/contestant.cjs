/** The published transport for Nest 10, as its readme uses it: a listener with manual acks, its publisher's emit(). */
'use strict';

require('reflect-metadata');
const { Controller, Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { Ctx, EventPattern, Payload } = require('@nestjs/microservices');
const { firstValueFrom } = require('rxjs');
const { Listener, Publisher } = require('@nestjs-plugins/nestjs-nats-streaming-transport');

const [url, clusterId] = process.argv.slice(2);
const connectOptions = { url, maxPubAcksInflight: Number.MAX_SAFE_INTEGER };

async function listen({ unique }, subjects, onData, options) {
  class Handlers {}
  for (const [index, subject] of subjects.entries()) {
    const method = `handle${String(index)}`;
    Handlers.prototype[method] = (data, context) => {
      onData(data);
      if (options.manualAckMode) context.message.ack();
    };
    Payload()(Handlers.prototype, method, 0);
    Ctx()(Handlers.prototype, method, 1);
    Reflect.defineMetadata('design:paramtypes', [Object, Object], Handlers.prototype, method);
    EventPattern(subject)(Handlers.prototype, method, Object.getOwnPropertyDescriptor(Handlers.prototype, method));
  }
  Controller()(Handlers);
  class AppModule {}
  Module({ controllers: [Handlers] })(AppModule);
  // Its option is spelt like this.
  const subscription = { maxInFligth: 1024, ...options };
  const strategy = new Listener(clusterId, unique('other-listener'), undefined, connectOptions, subscription);
  const app = await NestFactory.createMicroservice(AppModule, { strategy, logger: ['error'] });
  await app.listen();
  // It says that it listens before its subscriptions are at the server.
  await new Promise((resolve) => setTimeout(resolve, 100));
  return app;
}

async function main() {
  const harness = await import('../../harness/serve-contestant.mjs');
  const publisher = new Publisher({ clusterId, clientId: harness.unique('other-publisher'), connectOptions });
  publisher.logger.log = () => undefined;
  await publisher.connect();
  const { arrivalMeter, eventOf, latencyMeter, measured, publishInWindow } = harness;

  harness.serveContestant({
    publish: ({ subject, count, window, payloadBytes }) => {
      const event = eventOf(payloadBytes);
      return measured(count, () =>
        publishInWindow({ count, window }, (onAck) => {
          publisher.emit(subject, event).subscribe({ complete: () => onAck(), error: onAck });
        }),
      );
    },

    deliver: async ({ subjects, count, ackMode = 'manual' }) => {
      const meter = arrivalMeter(count);
      const options = { deliverAllAvailable: true, manualAckMode: ackMode !== 'onDelivery' };
      const app = await listen(harness, subjects, meter.onArrival, options);
      const result = await meter.done;
      await app.close();
      return result;
    },

    latency: async ({ subject, perSecond, count }) => {
      const meter = latencyMeter({ perSecond, count });
      const app = await listen(harness, [subject], meter.onHandled, { manualAckMode: true });
      const result = await meter.run((data) => void publisher.emit(subject, data).subscribe());
      await app.close();
      return result;
    },

    pendingMemory: async ({ subject, count, payloadBytes }) => {
      const event = eventOf(payloadBytes);
      const before = harness.heldBytes();
      const publishes = Array.from({ length: count }, () =>
        firstValueFrom(publisher.emit(subject, event), { defaultValue: 0 }),
      );
      // Its emit() hands the event over in a few promises' time, before any answer of the server can come in.
      await new Promise((resolve) => process.nextTick(resolve));
      const bytesPerPublish = (harness.heldBytes() - before) / count;
      await Promise.all(publishes);
      return { bytesPerPublish };
    },

    listen: async ({ subject, from }) => {
      const options = { manualAckMode: true, ...(from === 'first' ? { deliverAllAvailable: true } : {}) };
      await listen(harness, [subject], () => process.send({ handledAt: Date.now() }), options);
      return {};
    },
  });
}

void main();
