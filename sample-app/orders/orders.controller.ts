import { Body, Controller, Delete, Get, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { Database } from '../database/database.js';
import { PlaceOrder } from './order-requests.js';
import type { Order } from './order.js';
import { OrdersService } from './orders.service.js';
import { TicketCopiesRepository } from './ticket-copies.repository.js';
import type { TicketCopy } from './ticket-copies.repository.js';

/** The orders over HTTP. */
@Controller()
export class OrdersController {
  constructor(
    private readonly orders: OrdersService,
    private readonly copies: TicketCopiesRepository,
    private readonly database: Database,
  ) {}

  @Get('orders')
  list(): Promise<Order[]> {
    return this.orders.list();
  }

  @Get('orders/:id')
  find(@Param('id', ParseUUIDPipe) id: string): Promise<Order> {
    return this.orders.find(id);
  }

  @Post('orders')
  place(@Body() request: PlaceOrder): Promise<Order> {
    return this.orders.place(request);
  }

  @Delete('orders/:id')
  cancel(@Param('id', ParseUUIDPipe) id: string): Promise<Order> {
    return this.orders.cancel(id);
  }

  /** What this service knows about the tickets, so that one can see how far it is behind. */
  @Get('ticket-copies')
  ticketCopies(): Promise<TicketCopy[]> {
    return this.copies.list(this.database);
  }
}
