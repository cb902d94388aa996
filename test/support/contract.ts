import type { Type } from '@nestjs/common';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { ClientStan, StanClientOptions, StanContext, StanSubscriptionOptions } from 'nestjs-stan';
import { StanEventPattern } from 'nestjs-stan';
import { afterAll, beforeAll, it } from 'vitest';
import type { BrokerFeatures, BrokerRow, TestBroker, TestBrokerOptions } from './brokers.js';
import { brokers, describeBrokers, whyWithout } from './brokers.js';
import type { RawClient } from './raw-client.js';
import { connectRawClient } from './raw-client.js';
import type { StanApp, StanAppOptions } from './stan-app.js';
import { startStanApp, startStanClient } from './stan-app.js';
import type { WaitOptions } from './wait.js';
import { eventually, quietFor } from './wait.js';

/** What a contract test works with: one broker for the whole suite, apps and clients for each test. */
export interface Contract {
  readonly broker: TestBroker;
  readonly name: BrokerRow['name'];
  app(options: Omit<StanAppOptions, 'broker'>): Promise<StanApp>;
  client(options?: Partial<StanClientOptions>): Promise<ClientStan>;
  rawClient(clientId?: string): Promise<RawClient>;
  /** Like `eventually`, while time goes on: a virtual clock is moved by 100 ms at each look. */
  eventually<T>(check: () => T | false | Promise<T | false>, options?: WaitOptions): Promise<T>;
  /** A test for brokers with the feature; shown as skipped for the others. */
  only(feature: keyof BrokerFeatures, title: string, test: () => Promise<void>): void;
  /** Lets this much time pass at the broker, in which something must not happen (or must happen, at its end). */
  pass(ms: number): Promise<void>;
}

/** Declares one suite for all brokers, with one broker of its own. */
export function contract(
  title: string,
  suite: (t: Contract) => void,
  { needs = [], ...options }: TestBrokerOptions & ContractNeeds = {},
): void {
  const declare = (row: BrokerRow): void => {
    let broker: TestBroker | undefined;
    const running = () => {
      if (!broker) throw new Error('the broker is started in beforeAll: use it inside of a test');
      return broker;
    };
    beforeAll(async () => {
      broker = await row.start(options);
    });
    afterAll(() => broker?.close());

    suite({
      get broker() {
        return running();
      },
      name: row.name,
      app: (wanted) => startStanApp({ broker: running(), ...wanted }),
      client: (wanted) => startStanClient(running(), wanted),
      rawClient: (clientId) => connectRawClient(running(), clientId),
      eventually: (check, wanted) =>
        eventually(async () => {
          await running().advance(100);
          return check();
        }, wanted),
      pass: (ms) => (running().hasVirtualClock ? running().advance(ms) : quietFor(ms)),
      only: (feature, title, test) => {
        if (row.features[feature]) it(title, test);
        else it.skip(`${title} (${whyWithout(row, feature)})`);
      },
    });
  };
  describeBrokers(title, declare, brokers, needs);
}

/** What a whole suite needs of a broker: it is shown as skipped for the others. */
export interface ContractNeeds {
  readonly needs?: readonly (keyof BrokerFeatures)[];
}

/** One run of a handler, as the tests compare it. */
export interface Delivery<T = unknown> {
  readonly data: T;
  readonly sequence: number;
  readonly redelivered: boolean;
  readonly redeliveryCount: number;
  readonly atMs: number;
}

/** Keeps what handlers were called with. */
export class Recorder<T = unknown> {
  readonly deliveries: Delivery<T>[] = [];

  get count(): number {
    return this.deliveries.length;
  }

  get data(): T[] {
    return this.deliveries.map(({ data }) => data);
  }

  get sequences(): number[] {
    return this.deliveries.map(({ sequence }) => sequence);
  }

  add(data: T, context: StanContext): void {
    this.deliveries.push({
      data,
      sequence: context.getSequence(),
      redelivered: context.isRedelivered(),
      redeliveryCount: context.getRedeliveryCount(),
      atMs: performance.now(),
    });
  }
}

/** A handler as a test writes it. */
export type Handle = (data: never, context: StanContext) => unknown;

/** A controller with one handler for `subject`, made on the spot; `decorators` go onto the handler. */
export function listenerFor(
  subject: string,
  options: StanSubscriptionOptions,
  handle: Handle,
  decorators: readonly MethodDecorator[] = [],
): Type {
  @Controller()
  class Listener {
    @StanEventPattern(subject, options)
    handle(@Payload() data: never, @Ctx() context: StanContext): unknown {
      return handle(data, context);
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Listener.prototype, 'handle') ?? {};
  for (const decorate of decorators) decorate(Listener.prototype, 'handle', descriptor);
  return Listener;
}

/** Emits all values at once, in order, and waits until all of them are stored. */
export async function emitAll(client: ClientStan, subject: string, values: readonly unknown[]): Promise<void> {
  await Promise.all(values.map((value) => client.emitAsync(subject, value)));
}

/** `[0, 1, … count - 1]`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
