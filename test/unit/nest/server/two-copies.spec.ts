import { Controller, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import * as first from '../../../../lib/index.js';
import { settled } from '../../../support/fake-clock.js';
import { FakeDriver } from '../../../support/fake-driver.js';

type Copy = typeof first;

/** As ES modules beside the CommonJS build, or two versions, come into one process. */
async function anotherCopy(): Promise<Copy> {
  vi.resetModules();
  return import('../../../../lib/index.js');
}

let second: Copy;
beforeAll(async () => {
  second = await anotherCopy();
});
afterAll(() => Logger.overrideLogger(['error', 'warn', 'log']));

/** What a server says about a handler that throws, and what became of the event. */
async function failWith({ ServerStan, StanEventPattern }: Copy, error: () => Error) {
  @Controller()
  class Orders {
    @StanEventPattern('orders', { deadLetter: { subject: 'dead' } })
    handle(): void {
      throw error();
    }
  }
  @Module({ controllers: [Orders] })
  class AppModule {}
  const driver = new FakeDriver({ acksAtOnce: true });
  const strategy = new ServerStan({ clusterId: 'test-cluster', clientId: 'orders-0' }, () => driver);
  const failures: unknown[] = [];
  strategy.on('handlerError', ({ error: thrown, next }) => failures.push([(thrown as Error).message, next]));
  const app = await NestFactory.createMicroservice(AppModule, { strategy, logger: false });
  await app.listen();
  driver.subscriptionOf('orders').deliver({ data: '1' });
  await settled();
  await app.close();
  return failures;
}

describe('two copies of the package in one process', () => {
  it('are two', () => {
    expect(second.StanContext).not.toBe(first.StanContext);
    expect(second.NonRetriableException).not.toBe(first.NonRetriableException);
  });

  it.each(['first', 'second'])('see what a handler threw: a server of the %s', async (which) => {
    const copy = which === 'first' ? first : second;
    expect(await failWith(copy, () => new Error('sold out'))).toEqual([['sold out', 'redelivery']]);
  });

  it("know each other's exceptions", async () => {
    expect(await failWith(first, () => new second.NonRetriableException('no'))).toEqual([['no', 'deadLetter']]);
    expect(await failWith(second, () => new first.NonRetriableException('no'))).toEqual([['no', 'deadLetter']]);
    expect(await failWith(first, () => new second.RetryLaterException(60_000, 'later'))).toEqual([
      ['later', 'redelivery'],
    ]);
  });

  it("send each other's records with their headers", async () => {
    const driver = new FakeDriver({ acksAtOnce: true });
    const client = new first.ClientStan({ clusterId: 'test-cluster', clientId: 'a' }, () => driver);
    await client.emitAsync('orders', new second.StanRecordBuilder({ id: 1 }).setId('e-1').build());
    expect(driver.attempts[0]?.text).toBe('{"id":1}');
    await client.close();
  });
});
