// A consuming process of the nemesis: a member of the durable queue group, and two subscriptions of its own,
// one durable and one not.
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { Registry } from 'prom-client';
import { durableQueue, ServerStan, StanContext, StanEventPattern } from '../../../lib/index.js';
import { StanMetrics } from '../../../lib/telemetry/prometheus/index.js';
import { quietFor } from '../../support/wait.js';
import type { Consumer, HandlerRecord, SubscriptionName } from './history.js';
import { openHistory } from './history.js';
import { between, seededRandom } from './random.js';
import { ackWaitMs, driverOf, onCommand, readScene, sessionOptions, tell } from './scene.js';
import { watchAcks } from './sent-acks.js';

const scene = readScene();
const record = openHistory(scene.historyFile);
const random = seededRandom(scene.seed);
const me = { process: scene.process as Consumer, incarnation: scene.incarnation };
let link = 0;

async function handle(subscription: SubscriptionName, { id }: { id: number }, context: StanContext): Promise<void> {
  const about: Omit<HandlerRecord, 'type'> = {
    ...me,
    subscription,
    id,
    sequence: context.getSequence(),
    storedAt: context.getTimestamp().getTime(),
    redelivered: context.isRedelivered(),
    link,
  };
  record({ type: 'start', ...about });
  await quietFor(between(random, 0, 20));
  if (random() < 0.005) {
    record({ type: 'failed', ...about });
    throw new Error('on purpose');
  }
  record({ type: 'done', ...about });
}

@Controller()
class Listener {
  @StanEventPattern(scene.subject, { ...durableQueue('workers'), ackWaitMs })
  group(@Payload() event: { id: number }, @Ctx() context: StanContext): Promise<void> {
    return handle('group', event, context);
  }

  @StanEventPattern(scene.subject, { durableName: 'audit', startAt: 'first', ackWaitMs, maxInFlight: 1_000 })
  audit(@Payload() event: { id: number }, @Ctx() context: StanContext): Promise<void> {
    return handle('audit', event, context);
  }

  @StanEventPattern(scene.subject, { startAt: 'new', ackWaitMs, maxInFlight: 1_000 })
  watch(@Payload() event: { id: number }, @Ctx() context: StanContext): Promise<void> {
    return handle('watch', event, context);
  }
}

@Module({ controllers: [Listener] })
class ConsumerModule {}

const strategy = new ServerStan({
  ...sessionOptions,
  clusterId: scene.clusterId,
  clientId: scene.process,
  servers: scene.url,
  driver: driverOf(scene),
  drainTimeoutMs: 3_000,
});
// Acks of the other broker leave by another client.
if (scene.broker === 'stan')
  watchAcks(
    Number(new URL(scene.url).port),
    () => strategy.unwrap(),
    (subscription, sequence) => record({ type: 'ack', ...me, subscription, sequence }),
  );
const newLink = () => {
  link += 1;
  record({ type: 'link', ...me });
};
strategy.on('transportLost', newLink);
strategy.on('transportRestored', newLink);
strategy.on('serverSilent', newLink);
strategy.on('serverAnswered', newLink);
strategy.on('sessionLost', newLink);
strategy.on('sessionRestored', newLink);
// Failing handlers are part of the plan and would fill the log; the end of the connection is not.
strategy.on('gaveUp', ({ error }) => void process.stderr.write(`gave up: ${error.message}\n`));

const registry = new Registry();
new StanMetrics({ server: strategy, registry });

const app = await NestFactory.createMicroservice(ConsumerModule, { strategy, logger: ['warn', 'fatal'] });
app.enableShutdownHooks();
onCommand((command) => {
  if (command === 'end') void end();
});
async function end(): Promise<void> {
  await app.close();
  const handled = (await registry.getSingleMetric('stan_handled_total')?.get())?.values ?? [];
  const outcomes: Record<string, number> = {};
  for (const { labels, value } of handled) {
    const outcome = String((labels as Record<string, unknown>)['outcome']);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + value;
  }
  const [timed, running] = [
    await sumOf('stan_handler_duration_seconds', '_count'),
    await sumOf('stan_handlers_running'),
  ];
  record({ type: 'counters', ...me, outcomes, timed, running });
  tell('closed');
}

async function sumOf(name: string, suffix = ''): Promise<number> {
  const values: readonly { value: number; metricName?: string }[] =
    (await registry.getSingleMetric(name)?.get())?.values ?? [];
  return values
    .filter(({ metricName = name }) => metricName === `${name}${suffix}`)
    .reduce((sum, { value }) => sum + value, 0);
}

await app.listen();
tell('ready');
