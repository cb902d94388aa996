/* eslint-disable @typescript-eslint/no-empty-object-type, @typescript-eslint/no-unused-expressions, @typescript-eslint/no-unused-vars -- only the types are of interest */
/* Checked by the compiler alone (npm run typecheck), also on Nest 11 by npm run test:consumers: typed events. */
import { Controller } from '@nestjs/common';
import { ClientProxy, ClientsModule, Ctx, Payload } from '@nestjs/microservices';
import type { EmittedBy, EventMapOf, HandledBy, PublishReceipt, SubjectOf } from 'nestjs-stan';
import { ClientStan, declareEvents, defineEvents, firstVersion, payload, StanContext, StanModule } from 'nestjs-stan';

interface OrderCancelled {
  readonly id: string;
  readonly ticketId: string;
}
interface TicketV1 {
  readonly id: string;
}
interface Ticket extends TicketV1 {
  readonly price: number;
}

const shop = defineEvents({
  'ticket:created': firstVersion(payload<TicketV1>()).next(payload<Ticket>(), (old) => ({ ...old, price: 0 })),
  'order:cancelled': payload<OrderCancelled>(),
});
export interface ShopEvents extends EmittedBy<typeof shop> {}
declare const events: ClientStan<ShopEvents>;
declare const order: OrderCancelled;
declare const ticket: Ticket;

// ——— what compiles, each beside its mistake ———
export const receipt: Promise<PublishReceipt> = events.emitAsync('order:cancelled', order);
events.emit('ticket:created', ticket).subscribe();
const wide: HandledBy<typeof shop>['ticket:created'] = ticket;
wide;

// @ts-expect-error -- 1: a wrong type
void events.emitAsync('order:cancelled', { id: 1, ticketId: 't' });
// @ts-expect-error -- 2: a missing property
void events.emitAsync('order:cancelled', { id: 'o' });
// @ts-expect-error -- 3: an excess property
void events.emitAsync('order:cancelled', { id: 'o', ticketId: 't', price: 3 });
// @ts-expect-error -- 4: an unknown subject, emitAsync
void events.emitAsync('order:canceled', order);
// @ts-expect-error -- 5: an unknown subject, emit
events.emit('order:canceled', order);
// @ts-expect-error -- 6: null
void events.emitAsync('order:cancelled', null);
// @ts-expect-error -- 7: a pattern object
void events.emitAsync({ cmd: 'order:cancelled' }, order);
// @ts-expect-error -- 8: the payload of another event
events.emit('ticket:created', order);

@Controller()
export class Handlers {
  @shop.EventPattern('order:cancelled')
  none(): void {
    // C2: no argument
  }

  @shop.EventPattern('order:cancelled')
  payloadAlone(@Payload() _event: OrderCancelled): void {
    // C2: payload
  }

  @shop.EventPattern('ticket:created', { ackMode: 'manual' })
  async both(@Payload() event: Ticket, @Ctx() context: StanContext): Promise<void> {
    await Promise.resolve(event.price);
    context.ack();
  }

  @shop.EventPattern('ticket:created')
  wider(@Payload() _event: { readonly id: string }): void {
    // C2: a wider type
  }

  // @ts-expect-error -- 9: an unknown subject, handler
  @shop.EventPattern('ticket:create')
  unknownSubject(): void {
    // does not compile
  }

  // @ts-expect-error -- 10: the handler of another event
  @shop.EventPattern('ticket:created')
  otherEvent(@Payload() _event: OrderCancelled): void {
    // does not compile
  }

  // @ts-expect-error -- 11: a handler that wants more than there is
  @shop.EventPattern('ticket:created')
  tooNarrow(@Payload() _event: Ticket & { readonly seat: string }): void {
    // does not compile
  }

  // @ts-expect-error -- 12: the context first
  @shop.EventPattern('ticket:created')
  contextFirst(@Ctx() _context: StanContext): void {
    // does not compile
  }

  // @ts-expect-error -- 13: a property of the payload
  @shop.EventPattern('ticket:created')
  property(@Payload('id') _id: string): void {
    // does not compile
  }
}

// @ts-expect-error -- 14: an upcast that does not make the next version
firstVersion(payload<TicketV1>()).next(payload<Ticket>(), (old) => ({ ...old, price: 'free' }));
// @ts-expect-error -- 14: versions need objects
firstVersion(payload<string>());

const some = shop.pick('order:cancelled');
declare const few: ClientStan<EmittedBy<typeof some>>;
void few.emitAsync('order:cancelled', order);
// @ts-expect-error -- 15: a subject outside of pick()
void few.emitAsync('ticket:created', ticket);

// 16: the same through an enum of subjects, as the course has it
enum Subjects {
  TicketCreated = 'ticket:created',
}
const byEnum = declareEvents<{ [Subjects.TicketCreated]: Ticket }>();
declare const enumClient: ClientStan<typeof byEnum.emitted>;
void enumClient.emitAsync(Subjects.TicketCreated, ticket);
// @ts-expect-error -- 16: the payload of another event
void enumClient.emitAsync(Subjects.TicketCreated, order);

// 17: the same through the course's interfaces
interface TicketCreatedEvent {
  subject: Subjects.TicketCreated;
  data: Ticket;
}
interface OrderCancelledEvent {
  subject: 'order:cancelled';
  data: OrderCancelled;
}
const byInterface = declareEvents<EventMapOf<TicketCreatedEvent | OrderCancelledEvent>>();
export class CourseHandlers {
  @byInterface.EventPattern(Subjects.TicketCreated)
  created(@Payload() _event: Ticket): void {
    // compiles
  }

  // @ts-expect-error -- 17: the payload of another event
  @byInterface.EventPattern('order:cancelled')
  cancelled(@Payload() _event: Ticket): void {
    // does not compile
  }
}

// ——— C3: without a contract nothing changes ———
declare const app: { get<T>(type: abstract new (...values: never[]) => T): T };
const untyped = app.get(ClientStan);
void untyped.emitAsync('anything', { at: 'all' });
untyped.emit('anything', 1).subscribe();
const proxy: ClientProxy = untyped;
proxy;
const typedProxy: ClientProxy = events;
typedProxy;
ClientsModule.register([{ name: 'EVENTS', customClass: ClientStan, options: { clusterId: 'c', clientId: 'd' } }]);
export async function relay<S extends SubjectOf<ShopEvents>>(subject: S, data: ShopEvents[S]): Promise<void> {
  await events.emitAsync(subject, data);
}
StanModule.register({ clusterId: 'c', clientId: 'd', contract: shop.pick('order:cancelled') });
StanModule.registerAsync({ contract: shop, useFactory: () => ({ clusterId: 'c', clientId: 'd' }) });
new ClientStan({ clusterId: 'c', clientId: 'd', contract: shop }).emit('order:cancelled', order);
// @ts-expect-error -- the client knows its events by its contract
new ClientStan({ clusterId: 'c', clientId: 'd', contract: shop }).emit('order:cancelled', ticket);
