import { Controller, Injectable, Logger, Module } from '@nestjs/common';
import type { LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, MessagePattern, Transport } from '@nestjs/microservices';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ServerStan, StanEventPattern, replaySubject } from '../../../../lib/index.js';
import type { StanServerOptions } from '../../../../lib/index.js';
import { settled } from '../../../support/fake-clock.js';
import { FakeDriver } from '../../../support/fake-driver.js';

const warnings: string[] = [];
const logs: string[] = [];
const logger: LoggerService = {
  log: (message) => logs.push(String(message)),
  warn: (message) => warnings.push(String(message)),
  error: () => undefined,
};

beforeEach(() => {
  warnings.length = logs.length = 0;
  Logger.overrideLogger(logger);
});
afterEach(() => Logger.overrideLogger(['error', 'warn', 'log']));

/** Nest types its decorator by the method's arguments; these methods have none. */
const PlainEventPattern = EventPattern as (...values: unknown[]) => MethodDecorator;

interface Parts {
  readonly controllers?: Type[];
  readonly providers?: Type[];
  readonly imports?: Type[];
  readonly server?: Partial<StanServerOptions>;
}

/** The subscriptions that an app of these parts makes, as subject and options. */
async function subscriptionsOf({ controllers = [], providers = [], imports = [], server = {} }: Parts) {
  @Module({ controllers, providers, imports })
  class AppModule {}
  const driver = new FakeDriver({ acksAtOnce: true });
  const strategy = new ServerStan({ clusterId: 'test-cluster', clientId: 'orders-0', ...server }, () => driver);
  const app = await NestFactory.createMicroservice(AppModule, { strategy, logger, abortOnError: false });
  await app.listen();
  const made = driver.subscriptions.map(({ request }) => request);
  await app.close();
  return made;
}

const pairs = (requests: readonly { subject: string; ackWaitMs: number }[]) =>
  requests.map(({ subject, ackWaitMs }) => [subject, ackWaitMs]).sort();

describe('a method with several decorators', () => {
  it('is subscribed once for each @StanEventPattern, with its own options', async () => {
    @Controller()
    class Listener {
      @StanEventPattern('a', { ackWaitMs: 1_000 })
      @StanEventPattern('b', { ackWaitMs: 2_000, maxInFlight: 5 })
      handle(): void {}
    }
    const made = await subscriptionsOf({ controllers: [Listener] });
    expect(pairs(made)).toEqual([
      ['a', 1_000],
      ['b', 2_000],
    ]);
    expect(made.find(({ subject }) => subject === 'a')?.maxInFlight).toBe(64);
  });

  it('keeps what an @EventPattern below says, with its options', async () => {
    @Controller()
    class Listener {
      @StanEventPattern('a', { ackWaitMs: 1_000 })
      @PlainEventPattern('b', { ackWaitMs: 2_000 })
      handle(): void {}
    }
    expect(pairs(await subscriptionsOf({ controllers: [Listener] }))).toEqual([
      ['a', 1_000],
      ['b', 2_000],
    ]);
  });

  it('keeps what stands below an @EventPattern, of which Nest knows nothing any more', async () => {
    @Controller()
    class Listener {
      @PlainEventPattern(['c', 'd'], { ackWaitMs: 3_000 })
      @StanEventPattern('a', { ackWaitMs: 1_000, maxInFlight: 5 })
      @PlainEventPattern('b', { ackWaitMs: 2_000 })
      handle(): void {}
    }
    const made = await subscriptionsOf({ controllers: [Listener] });
    expect(pairs(made)).toEqual([
      ['a', 1_000],
      ['b', 2_000],
      ['c', 3_000],
      ['d', 3_000],
    ]);
    expect(made.find(({ subject }) => subject === 'c')?.maxInFlight).toBe(64);
  });

  it('takes an array of subjects with the same options, beside others', async () => {
    @Controller()
    class Listener {
      @StanEventPattern(['a', 'b'], { ackWaitMs: 1_000 })
      @StanEventPattern('c')
      handle(): void {}
    }
    expect(pairs(await subscriptionsOf({ controllers: [Listener] }))).toEqual([
      ['a', 1_000],
      ['b', 1_000],
      ['c', 30_000],
    ]);
  });

  it('is subscribed twice to one subject, where the groups differ', async () => {
    @Controller()
    class Listener {
      @StanEventPattern('a', { queueGroup: 'one' })
      @StanEventPattern('a', { queueGroup: 'two' })
      handle(): void {}
    }
    const made = await subscriptionsOf({ controllers: [Listener] });
    expect(made.map(({ queueGroup }) => queueGroup).sort()).toEqual(['one', 'two']);
  });

  it('is refused by name where the transports differ', () => {
    const decorate = () => {
      class Listener {
        @StanEventPattern('a')
        @PlainEventPattern('b', Transport.TCP)
        handle(): void {}
      }
      return Listener;
    };
    expect(decorate).toThrow('option "transport" of Listener.handle: expected one transport for all decorators');
  });

  it('is refused beside a @MessagePattern', () => {
    const decorate = () => {
      class Listener {
        @StanEventPattern('a')
        @MessagePattern('b')
        handle(): void {}
      }
      return Listener;
    };
    expect(decorate).toThrow(expect.objectContaining({ code: 'STAN_MESSAGE_PATTERN_UNSUPPORTED' }) as Error);
  });
});

describe('controllers that inherit a handler', () => {
  abstract class Base {
    @StanEventPattern('a', { ackWaitMs: 1_000, maxDeliveries: 2 })
    @StanEventPattern('b')
    handle(): void {}
  }

  it('are each subscribed, under the name of their own class', async () => {
    @Controller()
    class Orders extends Base {}
    @Controller()
    class Payments extends Base {}
    const made = await subscriptionsOf({ controllers: [Orders, Payments] });
    expect(made.map(({ subject }) => subject).sort()).toEqual(['a', 'a', 'b', 'b']);
    expect(warnings).toEqual([
      expect.stringMatching(/^Orders\.handle: maxDeliveries 2 without deadLetter/),
      expect.stringMatching(/^Payments\.handle: maxDeliveries 2 without deadLetter/),
    ]);
  });

  it('are warned of where one overrides it without a decorator', async () => {
    @Controller()
    class Orders extends Base {
      override handle(): void {}
    }
    expect(await subscriptionsOf({ controllers: [Orders] })).toEqual([]);
    expect(warnings[0]).toBe(
      'Orders.handle is not subscribed: it overrides a method that handles "b" and "a" and has no decorator itself; ' +
        'repeat the decorator',
    );
  });
});

describe('what Nest passes over without a word', () => {
  it.each([
    ['@StanEventPattern', StanEventPattern('a')],
    ['@EventPattern', PlainEventPattern('a')],
  ])('is warned of by name: %s in a provider', async (_name, decorator) => {
    @Injectable()
    class Stock {
      @decorator
      handle(): void {}
    }
    await subscriptionsOf({ providers: [Stock] });
    expect(warnings).toEqual([
      'Stock.handle is not subscribed: it is marked to handle "a", but its class is a provider; ' +
        'Nest takes handlers from controllers only',
      expect.stringContaining('no handler: '),
    ]);
  });

  it('is not warned of where the class is a controller as well', async () => {
    @Controller()
    class Stock {
      @StanEventPattern('a')
      handle(): void {}
    }
    await subscriptionsOf({ providers: [Stock], controllers: [Stock] });
    expect(warnings).toEqual([]);
    expect(logs).toContain('listening as "orders-0" with 1 handler');
  });

  it('is warned of where an @EventPattern of another transport covers it', async () => {
    @Controller()
    class Stock {
      @PlainEventPattern('b', Transport.TCP)
      @StanEventPattern('a')
      handle(): void {}
    }
    await subscriptionsOf({ controllers: [Stock] });
    expect(warnings[0]).toMatch(/^Stock\.handle is not subscribed: the @EventPattern above its @StanEventPattern/);
  });
});

describe('a pattern that is no subject', () => {
  it.each([
    ['a RegExp', /ticket:.*/],
    ['a symbol', Symbol('x')],
    ['an object', { cmd: 'x' }],
  ])('is refused at the start, naming the method: %s', async (_name, pattern) => {
    @Controller()
    class Tickets {
      @PlainEventPattern(pattern)
      handle(): void {}
    }
    const start = subscriptionsOf({ controllers: [Tickets] });
    await expect(start).rejects.toMatchObject({ code: 'STAN_INVALID_SUBJECT' });
    await expect(start).rejects.toThrow('a pattern of Tickets.handle has to be the subject itself, a string such as');
  });
});

describe('a dead letter that comes back for a handler', () => {
  const seen: string[] = [];
  abstract class Base {
    @StanEventPattern('a')
    handle(): void {
      seen.push(this.constructor.name);
    }
  }
  @Controller()
  class Orders extends Base {}
  @Controller()
  class Payments extends Base {}
  @Controller()
  class Refunds {
    @StanEventPattern('b')
    handle(): void {
      seen.push('Refunds b');
    }
    @StanEventPattern('c')
    other(): void {
      seen.push('Refunds c');
    }
  }

  const letterFor = (handler: string, subject: string) =>
    JSON.stringify({
      ...{ version: 1, subject, sequence: 41, deliveries: 1, handler, service: 'orders-0', clientId: 'orders-0' },
      ...{ timestamp: '2026-01-01T00:00:00.000Z', failedAt: '2026-01-01T00:00:00.000Z' },
      error: { name: 'Error', message: 'no' },
      payload: { encoding: 'utf8', data: '7' },
    });

  async function replay(handler: string, subject: string, controllers: Type[] = [Orders, Payments, Refunds]) {
    @Module({ controllers })
    class AppModule {}
    seen.length = 0;
    const driver = new FakeDriver({ acksAtOnce: true });
    const options = {
      clusterId: 'test-cluster',
      clientId: 'orders-0',
      subscription: { deadLetter: { subject: 'dead' } },
    };
    const app = await NestFactory.createMicroservice(AppModule, {
      strategy: new ServerStan(options, () => driver),
      logger,
    });
    await app.listen();
    driver.subscriptionOf(replaySubject('dead')).deliver({ data: letterFor(handler, subject) });
    await settled();
    const failure = driver.attempts.at(-1)?.text;
    await app.close();
    return failure === undefined ? '' : (JSON.parse(failure) as { error: { message: string } }).error.message;
  }

  it.each([
    ['Orders.handle', 'a', 'Orders'],
    ['Payments.handle', 'a', 'Payments'],
    ['Refunds.handle', 'b', 'Refunds b'],
  ])('runs %s of "%s" and no other', async (handler, subject, ran) => {
    expect(await replay(handler, subject)).toBe('');
    expect(seen).toEqual([ran]);
  });

  it('runs nothing for a name and a subject that do not belong together', async () => {
    expect(await replay('Refunds.handle', 'c')).toContain('has no handler "Refunds.handle" for "c" any more');
    expect(seen).toEqual([]);
  });

  it('runs the only subclass for a letter that names the class with the decorator', async () => {
    expect(await replay('Base.handle', 'a', [Payments])).toBe('');
    expect(seen).toEqual(['Payments']);
  });

  it('runs nothing where two may be meant: two subclasses, or two classes of one name', async () => {
    const again = (() => {
      @Controller()
      class Refunds {
        @StanEventPattern('b')
        handle(): void {
          seen.push('another');
        }
      }
      return Refunds;
    })();
    expect(await replay('Base.handle', 'a')).toContain(
      'has 2 handlers "Base.handle" for "a"; give their classes different',
    );
    expect(await replay('Refunds.handle', 'b', [Refunds, again])).toContain('has 2 handlers "Refunds.handle" for "b"');
    expect(seen).toEqual([]);
  });
});
