import { randomUUID } from 'node:crypto';
import { ConflictException, Injectable, NotFoundException } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { Queryable } from '../database/database.js';
import { OutboxRelay } from '../messaging/outbox-relay.js';
import { Outbox } from '../messaging/outbox.js';
import { OutdatedVersionError } from './outdated-version.error.js';
import type { CreateTicket, RepriceTicket } from './ticket-requests.js';
import type { Ticket } from './ticket.js';
import { TicketsRepository } from './tickets.repository.js';

/** How often a change is tried again when somebody else was faster and the caller named no version. */
const attempts = 20;

/** What can be done with tickets. Each change and its event are one transaction. */
@Injectable()
export class TicketsService {
  constructor(
    private readonly database: Database,
    private readonly tickets: TicketsRepository,
    private readonly outbox: Outbox,
    private readonly relay: OutboxRelay,
  ) {}

  async list(): Promise<Ticket[]> {
    return this.tickets.list(this.database);
  }

  async find(id: string): Promise<Ticket> {
    return this.existing(this.database, id);
  }

  async create({ id = randomUUID(), title, price }: CreateTicket): Promise<Ticket> {
    const created = await this.database.transaction(async (transaction) => {
      const ticket: Ticket = { id, version: 0, title, price, orderId: null };
      if (!(await this.tickets.insert(transaction, ticket))) return this.existing(transaction, id);
      await this.outbox.add(transaction, 'ticket:created', { id, version: 0, title, price });
      return ticket;
    });
    this.relay.kick();
    return created;
  }

  async reprice(id: string, { price, version }: RepriceTicket): Promise<Ticket> {
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const changed = await this.tryReprice(id, price, version);
      if (changed) return changed;
      if (version !== undefined) break;
    }
    throw new ConflictException(`somebody else changed ticket ${id} meanwhile`);
  }

  /** Gives the ticket to an order. Called for the events about a ticket in their order, so it is free. */
  async reserve(transaction: Queryable, ticketId: string, orderId: string): Promise<void> {
    const ticket = await this.locked(transaction, ticketId);
    if (ticket.orderId !== null) throw new Error(`ticket ${ticketId} is held by order ${ticket.orderId}`);
    await this.change(transaction, { ...ticket, orderId });
  }

  /** Takes the ticket back from the order that holds it. */
  async release(transaction: Queryable, ticketId: string, orderId: string): Promise<void> {
    const ticket = await this.locked(transaction, ticketId);
    if (ticket.orderId !== orderId) throw new Error(`ticket ${ticketId} is not held by order ${orderId}`);
    await this.change(transaction, { ...ticket, orderId: null });
  }

  private async tryReprice(id: string, price: number, version: number | undefined): Promise<Ticket | undefined> {
    const changed = await this.database.transaction(async (transaction) => {
      const ticket = await this.existing(transaction, id);
      if (ticket.orderId !== null) throw new ConflictException(`ticket ${id} is reserved; its price stands`);
      if (version !== undefined && ticket.version !== version) return undefined;
      return this.change(transaction, { ...ticket, price }).catch(undefinedWhenOutdated);
    });
    this.relay.kick();
    return changed;
  }

  private async change(transaction: Queryable, changed: Ticket): Promise<Ticket> {
    const next = { ...changed, version: changed.version + 1 };
    if (!(await this.tickets.replace(transaction, next))) throw new OutdatedVersionError(next.id, changed.version);
    await this.outbox.add(transaction, 'ticket:updated', next);
    return next;
  }

  /** Nobody changes it until the transaction ends: an event is not to fail because a price was changed beside it. */
  private async locked(transaction: Queryable, id: string): Promise<Ticket> {
    await this.tickets.lock(transaction, id);
    return this.existing(transaction, id);
  }

  private async existing(on: Queryable, id: string): Promise<Ticket> {
    const ticket = await this.tickets.find(on, id);
    if (!ticket) throw new NotFoundException(`there is no ticket ${id}`);
    return ticket;
  }
}

function undefinedWhenOutdated(error: unknown): undefined {
  if (error instanceof OutdatedVersionError) return undefined;
  throw error;
}
