import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { ClientStan, StanContext } from 'nestjs-stan';
import { StanEventPattern, durableQueue } from 'nestjs-stan';
import { lastValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import type { Contract } from '../support/contract.js';
import { contract } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { quietFor } from '../support/wait.js';

interface Row {
  readonly key: string;
  readonly number: number;
}

contract('emit() below the relay of an outbox', (t) => {
  it('never completes while the server is dead: it fails once its time is over', async () => {
    const client = await t.client({ publishTimeoutMs: 400 });
    const seen: string[] = [];
    await t.broker.kill();
    try {
      await new Promise<void>((resolve) => {
        client.emit(fresh('ticket'), { id: 1 }).subscribe({
          next: () => seen.push('next'),
          complete: () => {
            seen.push('complete');
            resolve();
          },
          error: (error: { code?: string }) => {
            seen.push(`error ${error.code}`);
            resolve();
          },
        });
      });
      await quietFor(100);
    } finally {
      await t.broker.restart();
    }
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatch(/^error STAN_/);
  });

  it('gets every row out at least once, those of a key in order, over a restart of the server', async () => {
    const subject = fresh('ticket');
    const stored = await collect(t, subject);
    const client = await t.client({ publishTimeoutMs: 5_000 });
    const keys = ['a', 'b', 'c', 'd'];
    const rows: Row[] = keys.flatMap((key) => Array.from({ length: 12 }, (_, number) => ({ key, number })));
    const relaying = Promise.all(
      keys.map((key) =>
        relay(
          client,
          subject,
          rows.filter((row) => row.key === key),
        ),
      ),
    );
    await t.eventually(() => stored.length > 0);
    await t.broker.restart();
    await relaying;
    await t.eventually(() => new Set(stored.map(({ row }) => `${row.key}.${row.number}`)).size === rows.length, {
      timeoutMs: 30_000,
    });
    const inOrder = stored.toSorted((one, other) => one.sequence - other.sequence).map(({ row }) => row);
    for (const key of keys) {
      const numbers = inOrder.filter((row) => row.key === key).map(({ number }) => number);
      // Late duplicates, never early news.
      expect([...new Set(numbers)]).toEqual(Array.from({ length: 12 }, (_, number) => number));
      expect(numbers.length).toBeGreaterThan(12);
    }
  });
});

/**
 * What a relay does for one key: one row after the other, the next one once the observable of `emit()` has completed. It dies
 * now and then between that and the note that the row is done, and so begins with a row that is published.
 */
async function relay(client: ClientStan, subject: string, rows: readonly Row[]): Promise<void> {
  let runs = 0;
  for (let next = 0; next < rows.length;) {
    const isPublished = await lastValueFrom(client.emit(subject, rows[next])).then(
      () => true,
      () => false,
    );
    runs += 1;
    const diesBeforeItsNote = runs % 5 === 0;
    if (isPublished && !diesBeforeItsNote) next += 1;
  }
}

async function collect(t: Contract, subject: string): Promise<{ row: Row; sequence: number }[]> {
  const stored: { row: Row; sequence: number }[] = [];
  @Controller()
  class Reader {
    @StanEventPattern(subject, durableQueue(fresh('reader')))
    read(@Payload() row: Row, @Ctx() context: StanContext) {
      stored.push({ row, sequence: context.getSequence() });
    }
  }
  await t.app({ controllers: [Reader] });
  return stored;
}
