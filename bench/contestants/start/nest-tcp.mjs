/** A bare Nest microservice on TCP with one handler: what a start with any transport of Nest takes at least. */
import 'reflect-metadata';

import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, Payload, Transport } from '@nestjs/microservices';

const [subject, port] = process.argv.slice(2);

class Handlers {
  handle() {
    process.send({ handledAt: Date.now() });
  }
}
Payload()(Handlers.prototype, 'handle', 0);
Reflect.defineMetadata('design:paramtypes', [Object], Handlers.prototype, 'handle');
EventPattern(subject)(Handlers.prototype, 'handle', Object.getOwnPropertyDescriptor(Handlers.prototype, 'handle'));
Controller()(Handlers);

class AppModule {}
Module({ controllers: [Handlers] })(AppModule);

const options = { host: '127.0.0.1', port: Number(port) };
const app = await NestFactory.createMicroservice(AppModule, { transport: Transport.TCP, options, logger: ['error'] });
await app.listen();
