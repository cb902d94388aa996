/** The same microservice as in nest-tcp.mjs, on this package. */
import 'reflect-metadata';

import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { ServerStan, StanEventPattern } from 'nestjs-stan';

const [subject, servers, clusterId] = process.argv.slice(2);

class Handlers {
  handle() {
    process.send({ handledAt: Date.now() });
  }
}
Payload()(Handlers.prototype, 'handle', 0);
Reflect.defineMetadata('design:paramtypes', [Object], Handlers.prototype, 'handle');
const descriptor = Object.getOwnPropertyDescriptor(Handlers.prototype, 'handle');
StanEventPattern(subject, { startAt: 'first' })(Handlers.prototype, 'handle', descriptor);
Controller()(Handlers);

class AppModule {}
Module({ controllers: [Handlers] })(AppModule);

const strategy = new ServerStan({ clusterId, servers, clientId: `start-${String(process.pid)}` });
const app = await NestFactory.createMicroservice(AppModule, { strategy, logger: ['error'] });
await app.listen();
