/** This package, built, as an app uses it: a Nest microservice that handles, an injected client that publishes. */
import 'reflect-metadata';

import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { ClientStan, ServerStan, StanEventPattern } from 'nestjs-stan';
import { jetstream } from 'nestjs-stan/jetstream';

import {
  arrivalMeter,
  eventOf,
  heldBytes,
  latencyMeter,
  measured,
  publishInWindow,
  serveContestant,
  settledRequests,
  unique,
} from '../harness/serve-contestant.mjs';

const [url, clusterId, broker] = process.argv.slice(2);
const driver = broker === 'jetstream' ? jetstream({ streams: 'require' }) : undefined;
const connection = { clusterId, servers: url, ...(driver && { driver }) };
const publisher = new ClientStan({ ...connection, clientId: unique('bench-publisher') });
await publisher.connect();

/** A listening app with one handler per subject, all of them calling `onData`. */
async function listen(subjects, onData, subscription) {
  class Handlers {}
  for (const [index, subject] of subjects.entries()) {
    const method = `handle${String(index)}`;
    if (subscription.ackMode === 'manual') {
      Handlers.prototype[method] = (data, context) => {
        onData(data);
        context.ack();
      };
      Ctx()(Handlers.prototype, method, 1);
    } else {
      Handlers.prototype[method] = (data) => onData(data);
    }
    Payload()(Handlers.prototype, method, 0);
    const descriptor = Object.getOwnPropertyDescriptor(Handlers.prototype, method);
    Reflect.defineMetadata('design:paramtypes', [Object, Object], Handlers.prototype, method);
    StanEventPattern(subject, subscription)(Handlers.prototype, method, descriptor);
  }
  Controller()(Handlers);
  class AppModule {}
  Module({ controllers: [Handlers] })(AppModule);
  const strategy = new ServerStan({ ...connection, clientId: unique('bench-listener') });
  const app = await NestFactory.createMicroservice(AppModule, { strategy, logger: ['error'] });
  await app.listen();
  return app;
}

serveContestant({
  publish: ({ subject, count, window, payloadBytes }) => {
    const event = eventOf(payloadBytes);
    return measured(count, () =>
      publishInWindow({ count, window }, (onAck) => {
        publisher.emitAsync(subject, event).then(() => onAck(), onAck);
      }),
    );
  },

  deliver: async ({ subjects, count, ackMode = 'afterHandler' }) => {
    const meter = arrivalMeter(count);
    const app = await listen(subjects, meter.onArrival, { startAt: 'first', maxInFlight: 1_024, ackMode });
    const result = await meter.done;
    await app.close();
    return result;
  },

  latency: async ({ subject, perSecond, count }) => {
    const meter = latencyMeter({ perSecond, count });
    const app = await listen([subject], meter.onHandled, { startAt: 'new', maxInFlight: 1_024 });
    const result = await meter.run((data) => void publisher.emitAsync(subject, data));
    await app.close();
    return result;
  },

  pendingMemory: async ({ subject, count, payloadBytes }) => {
    const event = eventOf(payloadBytes);
    const before = heldBytes();
    const publishes = Array.from({ length: count }, () => publisher.emitAsync(subject, event));
    const bytesPerPublish = (heldBytes() - before) / count;
    await Promise.all(publishes);
    return { bytesPerPublish };
  },

  guardMemory: async ({ subject, count }) => {
    let app;
    const meter = arrivalMeter(count);
    const before = heldBytes();
    app = await listen([subject], meter.onArrival, {
      startAt: 'first',
      maxInFlight: 1_024,
      durableName: unique('guard'),
      queueGroup: 'guard',
    });
    await meter.done;
    // The last acks go out after their handlers.
    await new Promise((resolve) => setImmediate(resolve));
    const bytesPerMessage = (heldBytes() - before) / count;
    await app.close();
    return { bytesPerMessage };
  },

  subscriptionMemory: async ({ subjects }) => {
    const before = heldBytes();
    const app = await listen(subjects, () => undefined, { startAt: 'new', maxInFlight: 1_024 });
    await settledRequests();
    const bytesPerSubscription = (heldBytes() - before) / subjects.length;
    await app.close();
    return { bytesPerSubscription };
  },

  listen: async ({ subject, from = 'new' }) => {
    await listen([subject], () => process.send({ handledAt: Date.now() }), { startAt: from });
    return {};
  },
});
