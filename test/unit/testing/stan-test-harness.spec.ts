import { Controller, Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { ClientStan, NonRetriableException, StanEventPattern, StanModule, durableQueue } from 'nestjs-stan';
import { jetstream } from 'nestjs-stan/jetstream';
import { FactMissingError, StanTestHarness } from 'nestjs-stan/testing';
import type { StanTestHarnessOptions } from 'nestjs-stan/testing';
import { describe, expect, it } from 'vitest';
import { cleanUpAfterTest } from '../../support/cleanup.js';

interface Ticket {
  readonly id: string;
  readonly fails?: number;
}

@Injectable()
class Tickets {
  readonly seen: Ticket[] = [];

  take(ticket: Ticket): void {
    this.seen.push(ticket);
    const tries = this.seen.filter(({ id }) => id === ticket.id).length;
    if (tries <= (ticket.fails ?? 0)) throw new Error(`ticket ${ticket.id} is not to be had`);
  }
}

@Controller()
class TicketsListener {
  constructor(@Inject(Tickets) private readonly tickets: Tickets) {}

  @StanEventPattern('ticket:created')
  created(@Payload() ticket: Ticket): void {
    this.tickets.take(ticket);
  }
}

@Module({ controllers: [TicketsListener], providers: [Tickets] })
class TicketsModule {}

async function start(options: StanTestHarnessOptions = { module: TicketsModule }): Promise<StanTestHarness> {
  const harness = await StanTestHarness.start({ server: { subscription: durableQueue('tickets') }, ...options });
  cleanUpAfterTest(() => harness.close());
  return harness;
}

const isTicket = (id: string) => (ticket: Ticket) => ticket.id === id;

describe('the harness', () => {
  it('follows one event from its publisher to its ack', async () => {
    const harness = await start();
    await harness.emit('ticket:created', { id: 'a' });
    expect(await harness.emitted('ticket:created', isTicket('a'))).toMatchObject({
      sequence: 1,
      clientId: 'test-harness',
    });
    expect(await harness.delivered('ticket:created')).toMatchObject({ clientId: 'app', queueGroup: 'tickets:tickets' });
    expect(await harness.handled('ticket:created', isTicket('a'))).toMatchObject({ sequence: 1, data: { id: 'a' } });
    expect(await harness.acked('ticket:created', isTicket('a'))).toMatchObject({ sequence: 1, redeliveryCount: 0 });
    expect(harness.facts('redelivered', 'ticket:created')).toEqual([]);
  });

  it('tests an app that runs on JetStream elsewhere on its own broker', async () => {
    const server = { subscription: durableQueue('tickets'), driver: jetstream() };
    const harness = await start({ module: TicketsModule, server });
    await harness.emit('ticket:created', { id: 'a' });
    expect(await harness.acked('ticket:created', isTicket('a'))).toMatchObject({ sequence: 1 });
  });

  it('lets half a minute pass at once, so that an event that failed comes again', async () => {
    const harness = await start();
    await harness.emit('ticket:created', { id: 'a', fails: 1 });
    const { error } = await harness.failed('ticket:created', isTicket('a'));
    expect(error).toMatchObject({ message: expect.stringContaining('not to be had') as string });
    await harness.advance('29s');
    expect(harness.facts('redelivered', 'ticket:created')).toEqual([]);
    await harness.advance('2s');
    expect(await harness.redelivered('ticket:created')).toMatchObject({ redeliveryCount: 1, clockMs: 31_000 });
    await harness.acked('ticket:created', isTicket('a'));
  });

  it('waits for the n-th fact that fits', async () => {
    const harness = await start();
    for (const id of ['a', 'b', 'a', 'c', 'a']) await harness.emit('ticket:created', { id });
    const third = await harness.handled<Ticket>('ticket:created', isTicket('a'), { times: 3 });
    expect(third.sequence).toBe(5);
  });

  it('gives the providers of the app', async () => {
    const harness = await start();
    await harness.emit('ticket:created', { id: 'a' });
    await harness.acked('ticket:created');
    expect(harness.get<Tickets>(Tickets).seen).toEqual([{ id: 'a' }]);
  });

  it('starts a testing module with its overrides', async () => {
    const fake = new Tickets();
    const module = Test.createTestingModule({ imports: [TicketsModule] })
      .overrideProvider(Tickets)
      .useValue(fake);
    const harness = await start({ module });
    await harness.emit('ticket:created', { id: 'a' });
    await harness.handled('ticket:created');
    expect(fake.seen).toHaveLength(1);
  });

  it('starts an app that publishes, once it knows where the broker is', async () => {
    const harness = await start({
      moduleFor: ({ url, clusterId }) => ({
        module: TicketsModule,
        imports: [StanModule.register({ clusterId, servers: url, clientId: 'publisher' })],
      }),
    });
    await harness.get<ClientStan>(ClientStan).emitAsync('ticket:updated', { id: 'z' });
    expect(await harness.emitted('ticket:updated', isTicket('z'))).toMatchObject({ clientId: 'publisher' });
  });

  it("takes an app that was started in the test's own way", async () => {
    const harness = await start({
      app: async ({ strategy }) => {
        const app = await NestFactory.createMicroservice(TicketsModule, { strategy, logger: false });
        await app.listen();
        return app;
      },
    });
    await harness.emit('ticket:created', { id: 'a' });
    await harness.handled('ticket:created', isTicket('a'));
  });

  it("shows the bytes of what the app's deserializer does not take", async () => {
    const deserialize = () => {
      throw new Error('not a ticket');
    };
    const harness = await start({ module: TicketsModule, server: { deserializer: { deserialize } } });
    await harness.emit('ticket:created', { id: 'a' });
    expect((await harness.emitted('ticket:created')).data).toEqual(Buffer.from('{"id":"a"}'));
  });

  it('leaves nothing open when the app does not start', async () => {
    let url = '';
    const outcome = StanTestHarness.start({
      app: (connection) => {
        url = connection.broker.url;
        return Promise.reject(new Error('no app'));
      },
    });
    await expect(outcome).rejects.toThrow('no app');
    const next = await StanTestHarness.start({ module: TicketsModule, broker: { port: Number(new URL(url).port) } });
    await next.close();
  });

  it('says so when there is nothing to test', async () => {
    await expect(StanTestHarness.start({})).rejects.toThrow('needs a module to test');
  });
});

describe('a fact that does not come', () => {
  it('fails with what was waited for and a timeline of what happened', async () => {
    const harness = await start();
    await harness.emit('ticket:created', { id: 'a', fails: 9 });
    await harness.failed('ticket:created');
    await harness.advance('31s');
    await harness.redelivered('ticket:created');
    const error = await harness
      .handled('ticket:created', isTicket('a'), { timeoutMs: 50 })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FactMissingError);
    const { message } = error as FactMissingError;
    expect(message).toContain('"handled" on "ticket:created" matching the predicate (none so far) did not happen');
    expect(message).toContain("ticket:created #1 stored, emitted by test-harness: { id: 'a', fails: 9 }");
    expect(message).toContain('ticket:created #1 NOT handled: Error: ticket a is not to be had');
    expect(message).toContain('the clock is advanced by 31s');
    expect(message).toContain('31 s  ticket:created #1 sent again (1) to app (queue tickets:tickets)');
  });

  it('fails at once when the predicate throws', async () => {
    const harness = await start();
    await harness.emit('ticket:created', { id: 'a' });
    const broken = () => {
      throw new Error('a broken predicate');
    };
    await harness.emitted('ticket:created');
    await expect(harness.emitted('ticket:created', broken)).rejects.toThrow('a broken predicate');
  });

  it('tells a dead-lettered event from one that is handled', async () => {
    @Controller()
    class Refusing {
      @StanEventPattern('ticket:created', { deadLetter: { subject: 'dead' } })
      created(): void {
        throw new NonRetriableException('never');
      }
    }
    @Module({ controllers: [Refusing] })
    class RefusingModule {}
    const harness = await start({ module: RefusingModule });
    await harness.emit('ticket:created', { id: 'a' });
    await harness.emitted('dead');
    await harness.acked('ticket:created');
    expect(harness.facts('handled', 'ticket:created')).toEqual([]);
  });
});
