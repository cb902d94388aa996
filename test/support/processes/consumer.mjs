// A Nest service in a process of its own, from the built package: `node consumer.mjs '{"url":…,"subject":…}'`.
// Prints one JSON line per fact: {"ready":true}, {"started":id}, {"done":id}. Closes itself at the line "close" on stdin.
import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { durableQueue, ServerStan, StanEventPattern } from 'nestjs-stan';

const {
  url,
  clusterId,
  clientId,
  subject,
  group,
  workMs = 5,
  subscription = {},
  ...more
} = JSON.parse(process.argv[2]);
const driver = more.broker === 'jetstream' ? (await import('nestjs-stan/jetstream')).jetstream() : undefined;
const tell = (fact) => process.stdout.write(`${JSON.stringify(fact)}\n`);

class Listener {
  async handle(id) {
    tell({ started: id });
    await new Promise((resolve) => setTimeout(resolve, workMs));
    tell({ done: id });
  }
}
Payload()(Listener.prototype, 'handle', 0);
StanEventPattern(subject, { ...durableQueue(group), ...subscription })(
  Listener.prototype,
  'handle',
  Object.getOwnPropertyDescriptor(Listener.prototype, 'handle'),
);
Controller()(Listener);

class Service {}
Module({ controllers: [Listener] })(Service);

const strategy = new ServerStan({ clusterId, clientId, servers: url, driver });
const app = await NestFactory.createMicroservice(Service, { strategy, logger: ['error', 'warn', 'fatal'] });
app.enableShutdownHooks();
await app.listen();
const input = createInterface({ input: process.stdin });
input.once('line', () => {
  input.close();
  process.stdin.unref();
  void app.close().then(() => tell({ closed: true }));
});
process.stdin.unref();
tell({ ready: true });
