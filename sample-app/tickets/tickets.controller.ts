import { Body, Controller, Get, Param, ParseUUIDPipe, Patch, Post } from '@nestjs/common';
import { CreateTicket, RepriceTicket } from './ticket-requests.js';
import type { Ticket } from './ticket.js';
import { TicketsService } from './tickets.service.js';

/** The tickets over HTTP. */
@Controller('tickets')
export class TicketsController {
  constructor(private readonly tickets: TicketsService) {}

  @Get()
  list(): Promise<Ticket[]> {
    return this.tickets.list();
  }

  @Get(':id')
  find(@Param('id', ParseUUIDPipe) id: string): Promise<Ticket> {
    return this.tickets.find(id);
  }

  @Post()
  create(@Body() request: CreateTicket): Promise<Ticket> {
    return this.tickets.create(request);
  }

  @Patch(':id')
  reprice(@Param('id', ParseUUIDPipe) id: string, @Body() request: RepriceTicket): Promise<Ticket> {
    return this.tickets.reprice(id, request);
  }
}
