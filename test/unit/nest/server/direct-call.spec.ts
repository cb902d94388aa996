import {
  Catch,
  Controller,
  Inject,
  Injectable,
  Logger,
  Module,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  createParamDecorator,
} from '@nestjs/common';
import type { ArgumentsHost, CallHandler, ExceptionFilter, ExecutionContext, Type } from '@nestjs/common';
import { NestFactory, REQUEST } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import type { MessageHandler } from '@nestjs/microservices';
import { AsyncLocalStorage } from 'node:async_hooks';
import { EMPTY, NEVER, concat, of, throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ServerStan, StanContext, StanEventPattern } from '../../../../lib/index.js';
import type { StanServerOptions } from '../../../../lib/index.js';
import { settled } from '../../../support/fake-clock.js';
import { FakeDriver } from '../../../support/fake-driver.js';

beforeEach(() => Logger.overrideLogger(false));
afterEach(() => Logger.overrideLogger(['error', 'warn', 'log']));

/** Puts a function around each handler, as a subclass may: that function must be called, and Nest's own within it. */
class WrappingServer extends ServerStan {
  calls = 0;

  override addHandler(pattern: unknown, callback: MessageHandler, ...rest: [boolean?, Record<string, unknown>?]): void {
    const wrapped: MessageHandler = (...values: Parameters<MessageHandler>) => {
      this.calls += 1;
      return callback(...values);
    };
    super.addHandler(pattern, wrapped, ...rest);
  }
}

type Server = typeof ServerStan;

/** Where Nest keeps what makes the calls. */
interface NestParts {
  readonly microservicesModule: {
    readonly listenersController: {
      readonly contextCreator: { create: (...values: unknown[]) => (...values: unknown[]) => unknown };
    };
  };
}

const connection = { clusterId: 'test-cluster', clientId: 'orders-0' };

async function start(
  controller: Type,
  makeServer: Server = ServerStan,
  setUp: (app: App) => unknown = () => undefined,
  options: Partial<StanServerOptions> = {},
) {
  @Module({ controllers: [controller] })
  class AppModule {}
  const driver = new FakeDriver({ acksAtOnce: true });
  const strategy = new makeServer({ ...connection, drainTimeoutMs: 1, ...options }, () => driver);
  const app = await NestFactory.createMicroservice(AppModule, { strategy, logger: false, abortOnError: false });
  setUp(app);
  await app.listen();
  const [subscription] = driver.subscriptions;
  if (subscription === undefined) throw new Error('nothing is subscribed');
  return { app, strategy, subscription };
}
type App = Awaited<ReturnType<typeof NestFactory.createMicroservice>>;

/** Lets one event come and everything end that it sets off; tells what became of it. */
async function outcomeOf(controller: Type, makeServer: Server): Promise<unknown> {
  const { app, strategy, subscription } = await start(controller, makeServer);
  const told: unknown[] = [];
  strategy.on('handlerError', ({ error }) => told.push(['failed', error instanceof Error ? error.message : error]));
  strategy.on('handled', ({ isAcked }) => told.push(['handled', isAcked]));
  const message = subscription.deliver({ data: '{"id":7,"name":"Ann"}' });
  for (let turn = 0; turn < 5; turn += 1) await settled();
  const result = { told, acks: message?.acks };
  await app.close();
  return result;
}

const seen: unknown[] = [];

@Catch(RangeError)
class RangeErrorsPass implements ExceptionFilter {
  catch(error: RangeError, host: ArgumentsHost): Observable<never> {
    seen.push(['filter', error.message, host.getType(), host.getArgByIndex<unknown>(0), isContext(host)]);
    return EMPTY;
  }
}

const isContext = (host: ArgumentsHost): boolean => host.getArgByIndex<unknown>(1) instanceof StanContext;

@Catch(TypeError)
class TypeErrorsChange implements ExceptionFilter {
  catch(error: TypeError): Observable<never> {
    return throwError(() => new Error(`changed: ${error.message}`));
  }
}

const storage = new AsyncLocalStorage<string>();

@Catch()
class StoreSeen implements ExceptionFilter {
  catch(): Observable<never> {
    seen.push(['store', storage.getStore()]);
    return EMPTY;
  }
}

@Injectable()
class Refusing {
  canActivate(): boolean {
    return false;
  }
}

@Injectable()
class Noting {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    seen.push('interceptor');
    return next.handle();
  }
}

class AddsOne {
  transform(value: { id: number }): unknown {
    return { ...value, id: value.id + 1 };
  }
}

const Later = createParamDecorator(async (_data: unknown, context: ExecutionContext) => {
  await Promise.resolve();
  return context.switchToRpc().getData<{ name: string }>().name;
});

/** A controller whose handler does and returns what `body` does with the data. */
function listener(body: (data: unknown) => unknown, decorators: readonly MethodDecorator[] = []): Type {
  @Controller()
  class Listener {
    handle(data: unknown): unknown {
      seen.push(data);
      return body(data);
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Listener.prototype, 'handle');
  if (descriptor === undefined) throw new Error('it has no method');
  for (const decorate of [StanEventPattern('a', { retry: false }), ...decorators])
    decorate(Listener.prototype, 'handle', descriptor);
  return Listener;
}

const fail = (error: unknown): never => {
  throw error;
};

@Controller()
class WithParameters {
  @StanEventPattern('a')
  handle(@Ctx() context: StanContext, @Payload('name') name: string, @Payload() data: unknown): void {
    seen.push(context.getSubject(), name, data);
  }
}

@Controller()
class WithPipedParameter {
  @StanEventPattern('a')
  handle(@Payload(AddsOne) data: unknown): void {
    seen.push(data);
  }
}

@Controller()
class WithCustomParameter {
  @StanEventPattern('a')
  handle(@Later() name: string): void {
    seen.push(name);
  }
}

@Controller()
@UsePipes(AddsOne)
class WithClassPipe {
  @StanEventPattern('a')
  handle(@Payload() data: unknown): void {
    seen.push(data);
  }
}

@Controller({ scope: Scope.REQUEST })
class PerRequest {
  constructor(@Inject(REQUEST) private readonly request: { readonly data: unknown }) {}

  @StanEventPattern('a')
  handle(@Payload() data: unknown): void {
    seen.push(data, this.request.data);
  }
}

const controllers: Readonly<Record<string, Type>> = {
  'returns nothing': listener(() => undefined),
  'returns null': listener(() => null),
  'returns false': listener(() => false),
  'returns an object': listener(() => ({ id: 1 })),
  'returns a function': listener(() => () => fail(new Error('nobody calls it'))),
  'returns a promise': listener(async () => 1),
  'returns a promise of a stream that fails': listener(async () => throwError(() => new Error('in the stream'))),
  'returns a thenable': listener(() => ({ then: (resolve: (value: unknown) => void) => resolve(1) })),
  'returns a thenable that rejects': listener(() => ({
    then: (_resolve: unknown, reject: (error: unknown) => void) => reject(new Error('no')),
  })),
  'returns an object whose then cannot be read': listener(() => ({
    get then(): unknown {
      return fail(new Error('no'));
    },
  })),
  'returns a stream': listener(() => of(1, 2)),
  'returns a stream that never ends': listener(() => concat(of(1), NEVER)),
  'returns a stream that fails': listener(() => throwError(() => new Error('in the stream'))),
  'returns a stream whose failure a filter takes': listener(
    () => throwError(() => new RangeError('far')),
    [UseFilters(RangeErrorsPass)],
  ),
  'is a generator': listener(async function* () {
    await Promise.resolve();
    yield 1;
    seen.push('its end');
  }),
  'is a generator that fails': listener(async function* () {
    yield 1;
    await Promise.resolve();
    fail(new Error('in the generator'));
  }),
  'throws an error': listener(() => fail(new Error('no'))),
  'throws undefined': listener(() => fail(undefined)),
  'throws what a filter takes': listener(() => fail(new RangeError('far')), [UseFilters(RangeErrorsPass)]),
  'rejects with what a filter takes': listener(async () => fail(new RangeError('far')), [UseFilters(RangeErrorsPass)]),
  'throws what a filter changes': listener(() => fail(new TypeError('odd')), [UseFilters(TypeErrorsChange)]),
  'throws what no filter takes': listener(() => fail(new Error('no')), [UseFilters(TypeErrorsChange)]),
  'enters an AsyncLocalStorage and throws': listener(() => {
    storage.enterWith('entered');
    fail(new Error('no'));
  }, [UseFilters(StoreSeen)]),
  'enters an AsyncLocalStorage and returns a stream that fails': listener(() => {
    storage.enterWith('entered');
    return throwError(() => new Error('no'));
  }, [UseFilters(StoreSeen)]),
  'has a guard': listener(() => undefined, [UseGuards(Refusing)]),
  'has an interceptor': listener(() => undefined, [UseInterceptors(Noting)]),
  'has a pipe': listener(() => undefined, [UsePipes(AddsOne)]),
  'has a pipe of its class': WithClassPipe,
  'has decorated parameters': WithParameters,
  'has a parameter with a pipe': WithPipedParameter,
  'has a parameter with a decorator of its own': WithCustomParameter,
  'has a controller for each request': PerRequest,
};

describe('a handler that', () => {
  beforeEach(() => {
    seen.length = 0;
  });

  for (const [what, controller] of Object.entries(controllers)) {
    it(`${what} ends as it does in Nest's own chain`, async () => {
      const outcome = await outcomeOf(controller, ServerStan);
      const saw = [...seen];
      seen.length = 0;
      expect({ outcome, saw }).toEqual({ outcome: await outcomeOf(controller, WrappingServer), saw: seen });
    });
  }

  it('has nothing around it and returns no promise is acked when the delivery returns', async () => {
    const { app, subscription } = await start(listener(() => undefined));
    expect(subscription.deliver()?.acks).toBe(1);
    await app.close();
  });

  it('is wrapped by a subclass is called by what is around it', async () => {
    const { app, strategy, subscription } = await start(
      listener(() => undefined),
      WrappingServer,
    );
    subscription.deliver();
    await settled();
    expect((strategy as WrappingServer).calls).toBe(1);
    await app.close();
  });

  it('somebody has put a call of their own around, below Nest, is called by that', async () => {
    let calls = 0;
    const { app, subscription } = await start(
      listener(() => undefined),
      ServerStan,
      (made) => {
        const { contextCreator } = (made as unknown as NestParts).microservicesModule.listenersController;
        const { create } = contextCreator;
        contextCreator.create = function (...values) {
          const call = Reflect.apply(create, this, values);
          return (...args: unknown[]) => {
            calls += 1;
            return call(...args);
          };
        };
      },
    );
    subscription.deliver();
    await settled();
    expect(calls).toBe(1);
    await app.close();
  });

  it('gets a thenable as a parameter gets what it resolves with', async () => {
    const thenable = { then: (resolve: (value: unknown) => void) => resolve('resolved') };
    @Controller()
    class Listener {
      @StanEventPattern('a')
      handle(@Payload('value') value: unknown): void {
        seen.push(value);
      }
    }
    const { app, subscription } = await start(Listener, ServerStan, () => undefined, {
      deserializer: { deserialize: () => ({ pattern: 'a', data: { value: thenable } }) },
    });
    subscription.deliver();
    await settled();
    expect(seen).toEqual(['resolved']);
    await app.close();
  });

  it('has another one linked to it is left to Nest', async () => {
    const { app, strategy, subscription } = await start(listener(() => undefined));
    const registered = strategy.getHandlerByPattern('a');
    const linked: unknown[] = [];
    if (registered !== null) registered.next = async (data: unknown) => linked.push(data);
    subscription.deliver({ data: '8' });
    await settled();
    expect(linked).toEqual([8]);
    await app.close();
  });

  it('has a guard, a pipe, an interceptor or a filter for all of the app passes through it', async () => {
    const { app, subscription } = await start(
      listener(() => fail(new RangeError('far'))),
      ServerStan,
      (made) => {
        made.useGlobalInterceptors(new Noting());
        made.useGlobalPipes(new AddsOne() as never);
        made.useGlobalFilters(new RangeErrorsPass());
      },
    );
    const message = subscription.deliver({ data: '{"id":1}' });
    for (let turn = 0; turn < 5; turn += 1) await settled();
    expect(seen).toEqual(['interceptor', { id: 2 }, ['filter', 'far', 'rpc', { id: 1 }, true]]);
    expect(message?.acks).toBe(1);
    await app.close();
  });

  it('enters an AsyncLocalStorage without a promise leaves nothing of it to the next event', async () => {
    const storage = new AsyncLocalStorage<unknown>();
    const found: unknown[] = [];
    const { app, subscription } = await start(
      listener((data) => {
        found.push(storage.getStore());
        storage.enterWith(data);
      }),
    );
    for (const data of ['1', '2', '3']) subscription.deliver({ data });
    expect(found).toEqual([undefined, undefined, undefined]);
    expect(storage.getStore()).toBeUndefined();
    await app.close();
  });
});
