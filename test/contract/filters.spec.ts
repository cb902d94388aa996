import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { Catch, HttpException, UseFilters } from '@nestjs/common';
import type { HandlerErrorEvent } from 'nestjs-stan';
import { EMPTY, firstValueFrom, of, throwError } from 'rxjs';
import { expect, it } from 'vitest';

import { contract, listenerFor } from '../support/contract.js';
import { fresh } from '../support/fresh.js';

const cause = new Error('the seat is taken');

/** A catch-all that does with the exception what the test says. */
function filterThat(answer: (exception: unknown, host: ArgumentsHost) => unknown): ExceptionFilter {
  @Catch()
  class Filter implements ExceptionFilter {
    catch(exception: unknown, host: ArgumentsHost): unknown {
      return answer(exception, host);
    }
  }
  return new Filter();
}

/** As many an application has it for HTTP. */
function answerHttp(exception: unknown, host: ArgumentsHost): void {
  const response = host.switchToHttp().getResponse<{ status(code: number): { json(body: unknown): void } }>();
  const status = exception instanceof HttpException ? exception.getStatus() : 500;
  response.status(status).json({ status });
}

contract('an exception filter', (t) => {
  /** A service whose handler fails once for each event; resolves with what became of the first. */
  const handleWith = async (filter: ExceptionFilter) => {
    const subject = fresh('filtered');
    const errors: HandlerErrorEvent[] = [];
    const options = { queueGroup: 'g', durableName: 'g', startAt: 'first', ackWaitMs: 60_000 } as const;
    const fail = (): never => {
      throw cause;
    };
    const { server } = await t.app({ controllers: [listenerFor(subject, options, fail, [UseFilters(filter)])] });
    let handled = 0;
    server.on('handlerError', (event) => errors.push(event));
    server.on('handled', () => (handled += 1));
    await (await t.client()).emitAsync(subject, 1);
    await t.eventually(() => errors.length + handled === 1);
    return { errors: errors.map(({ error }) => error), pending: () => t.broker.facts.pendingCount(subject) };
  };

  it.each<[string, () => unknown]>([
    ['nothing', () => undefined],
    ['null', () => null],
  ])(
    'that answers %s at once has not answered, for Nest: the event is left to the server, with its cause',
    async (_what, answer) => {
      const { errors, pending } = await handleWith(filterThat(answer));
      expect(errors).toEqual([cause]);
      expect(await pending()).toBe(1);
    },
  );

  it.each<[string, () => unknown]>([
    ['a value', () => 'handled'],
    ['of(null)', () => of(null)],
    ['an empty stream', () => EMPTY],
    ['a promise of nothing', () => Promise.resolve()],
    ['a promise of null', () => Promise.resolve(null)],
    ['a promise of an empty stream', () => Promise.resolve(EMPTY)],
  ])('that answers %s has handled the event', async (_what, answer) => {
    const { errors, pending } = await handleWith(filterThat(answer));
    expect(errors).toEqual([]);
    await t.eventually(async () => (await pending()) === 0);
  });

  it.each<[string, (exception: unknown) => unknown]>([
    ['a stream that errors', (exception) => throwError(() => exception)],
    ['a promise of one', (exception) => Promise.resolve(throwError(() => exception))],
    ['a promise that rejects', (exception) => firstValueFrom(throwError(() => exception))],
  ])('that answers %s leaves the event to the server, with its cause', async (_what, answer) => {
    const { errors, pending } = await handleWith(filterThat(answer));
    expect(errors).toEqual([cause]);
    expect(await pending()).toBe(1);
  });

  it('made for HTTP fails itself, and that is what is told', async () => {
    const { errors, pending } = await handleWith(filterThat(answerHttp));
    expect(String(errors[0])).toContain('status is not a function');
    expect(await pending()).toBe(1);
  });

  it('made for HTTP that passes events on, as the guide has it, leaves the cause as it was', async () => {
    const { errors, pending } = await handleWith(
      filterThat((exception, host) => {
        if (host.getType() === 'rpc') return throwError(() => exception);
        answerHttp(exception, host);
        return undefined;
      }),
    );
    expect(errors).toEqual([cause]);
    expect(await pending()).toBe(1);
  });
});
