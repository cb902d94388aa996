import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { ServerStan, StanContext, StanEventPattern, durableQueue } from 'nestjs-stan';
import type { StanEventStore, StanSubscriptionOptions } from 'nestjs-stan';
import type { DemoEvent } from './books.js';
import type { DemoServer } from './demo-server.js';
import type { Listener } from './listen-naively.js';

/** What a listener with the library is made of. */
export interface ListenerOptions {
  readonly server: Pick<DemoServer, 'url' | 'clusterId' | 'ackWaitMs'>;
  readonly channel: string;
  readonly clientId: string;
  /** Over the server's options. */
  readonly subscription?: StanSubscriptionOptions;
  /** For the option `version`. */
  readonly store?: StanEventStore;
  /** The event is acked when this has finished; when it throws, the event comes again. */
  readonly handle: (event: DemoEvent, context: StanContext) => unknown;
  /** Called when an event has been handled, or was found to have counted before. */
  readonly onDone?: () => void;
}

/** The option that makes every version of every id count once, in order. */
export const countedByVersion = {
  version: {
    stream: 'demo',
    key: (event: DemoEvent) => event.id,
    version: (event: DemoEvent) => event.version,
  },
} satisfies StanSubscriptionOptions;

/** Listens the way the services of the shop do: nestjs-stan, in a durable queue group. */
export async function listenWithLibrary(options: ListenerOptions): Promise<Listener> {
  const { server, channel, clientId, subscription, store, handle, onDone } = options;

  @Controller()
  class EventsListener {
    @StanEventPattern(channel)
    received(@Payload() event: DemoEvent, @Ctx() context: StanContext): unknown {
      return handle(event, context);
    }
  }

  @Module({ controllers: [EventsListener] })
  class ListenerModule {}

  const strategy = new ServerStan({
    clusterId: server.clusterId,
    clientId,
    servers: server.url,
    ...(store && { store }),
    subscription: { ...durableQueue('orders'), ackWaitMs: server.ackWaitMs, ...subscription },
  });
  if (onDone) {
    strategy.on('handled', onDone);
    strategy.on('deliverySkipped', ({ reason }) => {
      if (reason === 'stale') onDone();
    });
  }
  // The demos fail on purpose; the table says what came of it.
  const app = await NestFactory.createMicroservice(ListenerModule, { strategy, logger: false });
  await app.listen();
  return { clientId, close: () => app.close() };
}
