/* What the code blocks of the docs take from the reader's own app; see scripts/check-doc-code.mjs. */
import type { INestApplication, Type } from '@nestjs/common';
import type { ClientStan, ServerStan, StanContext, StanServerOptions } from 'nestjs-stan';

declare global {
  const AppModule: Type;
  const OrdersModule: Type;
  const TicketsModule: Type;
  class ConfigService {
    getOrThrow<T>(key: string): T;
  }
  class Database {
    failOnce(): void;
  }
  class Tickets {
    add(ticket: TicketCreated): Promise<void>;
  }
  class Ticket {
    id: string;
    eventId: string;
    title: string;
    price: number;
    version: number;
  }
  class TicketCreated extends Ticket {}
  class TicketUpdated extends Ticket {}
  class OrderCancelled {
    id: string;
    version: number;
  }
  class OrderPlaced {
    id: string;
  }
  const app: INestApplication;
  const context: StanContext;
  const events: ClientStan;
  const options: StanServerOptions;
  const server: ServerStan;
  const ticket: Ticket;
  const tickets: {
    updateOne(filter: object, update: object): Promise<{ matchedCount: number }>;
  };
  function save(...what: unknown[]): Promise<void>;
  function charge(order: OrderPlaced): Promise<void>;
  function keepForLater(ticket: Ticket): Promise<void>;
}
