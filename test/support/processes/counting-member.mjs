// A member of a service in a process of its own, from the built package, that writes each event's effect into a table:
// `node counting-member.mjs '{"url":…,"isGated":true}'`. Prints {"ready":true} once it listens.
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { durableQueue, ServerStan, StanEventPattern } from 'nestjs-stan';
import { fromPg, PostgresEventStore } from 'nestjs-stan/postgres';
import pg from 'pg';

const { url, clusterId, clientId, subject, group, schema, databaseUrl, isGated, broker } = JSON.parse(process.argv[2]);
const driver = broker === 'jetstream' ? (await import('nestjs-stan/jetstream')).jetstream() : undefined;
const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
pool.on('error', () => undefined);
const store = new PostgresEventStore(fromPg(pool), { schema, sweepMs: 200 });

class Listener {
  async handle(event, context) {
    const database = isGated ? context.getTransaction() : pool;
    await database.query(`INSERT INTO ${schema}.effects (key, version) VALUES ($1, $2)`, [event.id, event.version]);
  }
}
Payload()(Listener.prototype, 'handle', 0);
Ctx()(Listener.prototype, 'handle', 1);
const version = isGated && { stream: 'ticket', key: (event) => event.id, version: (event) => event.version };
StanEventPattern(subject, { ...durableQueue(group), ackWaitMs: 1_000, maxInFlight: 16, version })(
  Listener.prototype,
  'handle',
  Object.getOwnPropertyDescriptor(Listener.prototype, 'handle'),
);
Controller()(Listener);

class Service {}
Module({ controllers: [Listener] })(Service);

const strategy = new ServerStan({ clusterId, clientId, servers: url, store, driver });
const app = await NestFactory.createMicroservice(Service, { strategy, logger: ['error', 'fatal'] });
await app.listen();
process.stdout.write('{"ready":true}\n');
process.stdin.resume().once('end', () => process.exit());
