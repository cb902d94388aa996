/* Checked by the compiler alone (npm run typecheck): what users may write, and what must not compile. */
import { Controller, Inject, Injectable, Module } from '@nestjs/common';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { ClientProxy, ClientsModule, Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type {
  AckMode,
  PublishReceipt,
  StanClientOptions,
  StanErrorCode,
  StanServerOptions,
  StanStatus,
  StanSubscriptionOptions,
} from 'nestjs-stan';
import {
  ClientStan,
  durableQueue,
  InjectStanClient,
  ServerStan,
  StanContext,
  StanError,
  StanEventPattern,
  StanModule,
  uniqueClientId,
} from 'nestjs-stan';
import type { Observable } from 'rxjs';
import { expectTypeOf } from 'vitest';

interface TicketCreated {
  readonly id: number;
}

/** `@StanEventPattern` goes onto any handler, where Nest 12's own decorator does not compile. */
@Controller()
export class Handlers {
  @StanEventPattern('no.arguments')
  none(): void {
    // only its type is of interest
  }

  @StanEventPattern('payload.alone')
  payload(@Payload() _event: TicketCreated): number {
    return 1;
  }

  @StanEventPattern('with.context', {
    queueGroup: 'orders',
    durableName: 'orders',
    ackMode: 'manual',
    ackWaitMs: 5_000,
  })
  async context(@Payload() _event: TicketCreated, @Ctx() context: StanContext): Promise<void> {
    context.ack();
  }

  @StanEventPattern('with.defaults', {
    ...durableQueue('orders'),
    retry: { attempts: 3 },
    deadLetter: { subject: 'dead' },
  })
  context2(@Ctx() _context: StanContext): Observable<string> | undefined {
    return undefined;
  }

  @EventPattern<string>('nest.own', {
    queueGroup: 'orders',
    startAt: { sequence: 1 },
  } satisfies StanSubscriptionOptions)
  nestOwn(@Payload() _event: TicketCreated, @Ctx() _context: StanContext): void {
    // only its type is of interest
  }

  // @ts-expect-error: an option that does not exist
  @StanEventPattern('unknown.option', { ackWait: 5 })
  unknownOption(): void {
    // only its type is of interest
  }

  // @ts-expect-error: an ack mode that does not exist
  @StanEventPattern('unknown.mode', { ackMode: 'auto' })
  unknownMode(): void {
    // only its type is of interest
  }
}

@Injectable()
export class Publisher {
  constructor(
    private readonly events: ClientStan,
    @InjectStanClient('billing') private readonly billing: ClientStan,
    @Inject('AS_PROXY') private readonly proxy: ClientProxy,
  ) {}

  publish(): void {
    expectTypeOf(this.events.emitAsync('ticket:created', { id: 1 })).resolves.toEqualTypeOf<PublishReceipt>();
    expectTypeOf(this.events.emit('ticket:created', { id: 1 })).toEqualTypeOf<Observable<PublishReceipt>>();
    expectTypeOf(this.billing.status).toEqualTypeOf<Observable<StanStatus>>();
    expectTypeOf(this.proxy.emit('ticket:created', {})).toExtend<Observable<unknown>>();
    // @ts-expect-error: an event bus is one-way
    this.events.send('sum', [1, 2]);
  }
}

@Module({
  imports: [
    StanModule.register({ clusterId: 'c', clientId: 'a' }),
    StanModule.register({ clusterId: 'c', clientId: 'b', name: 'billing', isGlobal: true }),
    StanModule.registerAsync({
      useFactory: (): StanClientOptions => ({ clusterId: 'c', clientId: uniqueClientId('x') }),
    }),
    ClientsModule.register([{ name: 'AS_PROXY', customClass: ClientStan, options: { clusterId: 'c', clientId: 'd' } }]),
  ],
})
export class AppModule {}

const server = new ServerStan({ clusterId: 'c', clientId: 'a', subscription: durableQueue('orders') });
expectTypeOf(server).toExtend<CustomTransportStrategy>();
server.on('handlerError', (event) => {
  expectTypeOf(event.sequence).toEqualTypeOf<number>();
  expectTypeOf(event.error).toEqualTypeOf<unknown>();
});
server.on('sessionLost', (event) => expectTypeOf(event.error).toExtend<StanError>());
// @ts-expect-error: an event that does not exist
server.on('nothing', () => undefined);

// Which broker it is, and so whether a cluster id is needed, is looked at when it is made.
expectTypeOf({ clientId: 'a' }).toExtend<StanServerOptions>();
expectTypeOf<AckMode>().toEqualTypeOf<'afterHandler' | 'manual' | 'onDelivery'>();
expectTypeOf<StanError['code']>().toEqualTypeOf<StanErrorCode>();
expectTypeOf<StanContext['getTimestamp']>().returns.toEqualTypeOf<Date>();
