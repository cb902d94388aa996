import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { ServerStan, StanContext, StanEventPattern, durableQueue } from 'nestjs-stan';
import type { StanSubscriptionOptions } from 'nestjs-stan';
import { EventConflictError } from '../messaging/event-conflict.error.js';
import type { DemoEvent } from './books.js';
import type { DemoServer } from './demo-server.js';
import type { Listener } from './listen-naively.js';

/** What a guarded listener is made of. */
export interface GuardedListenerOptions {
  readonly server: Pick<DemoServer, 'url' | 'clusterId' | 'ackWaitMs'>;
  readonly channel: string;
  readonly clientId: string;
  /** Over the options of the real services, which are the defaults here. */
  readonly subscription?: StanSubscriptionOptions;
  /** The event is acked when this has finished; when it throws, the event comes again. */
  readonly handle: (event: DemoEvent, context: StanContext) => unknown;
}

/** Listens the way the services of the shop do: nestjs-stan, in a durable queue group. */
export async function listenGuarded(options: GuardedListenerOptions): Promise<Listener> {
  const { server, channel, clientId, subscription, handle } = options;

  @Controller()
  class EventsListener {
    @StanEventPattern(channel)
    received(@Payload() event: DemoEvent, @Ctx() context: StanContext): unknown {
      return handle(event, context);
    }
  }

  @Module({ controllers: [EventsListener] })
  class ListenerModule {}

  const app = await NestFactory.createMicroservice(ListenerModule, {
    strategy: new ServerStan({
      clusterId: server.clusterId,
      clientId,
      servers: server.url,
      subscription: {
        ...durableQueue('orders'),
        ackWaitMs: server.ackWaitMs,
        retry: { attempts: 100, delayMs: 10, factor: 1, retryOn: (error) => error instanceof EventConflictError },
        ...subscription,
      },
    }),
    // The demos fail on purpose; the table says what came of it.
    logger: false,
  });
  await app.listen();
  return { clientId, close: () => app.close() };
}
