import type { DeadLetter } from '../../lib/core/dead-letters/dead-letter.js';
import type { DeliveryEvent } from '../../lib/core/delivery/delivery-event.js';
import { DeliveryPipeline } from '../../lib/core/delivery/delivery-pipeline.js';
import type { Delivery } from '../../lib/core/delivery/delivery.js';
import { resolveSubscriptionOptions } from '../../lib/core/options/index.js';
import type { StanSubscriptionOptions } from '../../lib/core/options/index.js';
import { decodeJson } from '../../lib/core/wire/index.js';
import { FakeClock, settled } from './fake-clock.js';
import { FakeMessage } from './fake-driver.js';

/** Thrown by a test's handler; the harness classifies by it. */
export class FinalFailure extends Error {}
export class LaterFailure extends Error {
  constructor(readonly delayMs: number) {
    super(`later, in ${String(delayMs)} ms`);
  }
}

/** One run of the test's handler, which ends when the test says so. */
export interface HandlerRun {
  readonly data: unknown;
  readonly delivery: Delivery;
  readonly sequence: number;
  /** `outcome` is what the pipeline is told beside the end: `'skipped'` where the handler need not run. */
  succeed(outcome?: 'skipped'): Promise<void>;
  fail(error: unknown): Promise<void>;
}

export interface ArrivalOptions {
  readonly data?: string;
  readonly redeliveryCount?: number;
  readonly timestampNs?: number;
  /** False once the session that delivered it is dead. */
  readonly isReachable?: () => boolean;
}

/** A delivery pipeline with a clock that stands still and a handler whose runs the test ends one by one. */
export class PipelineHarness {
  readonly clock = new FakeClock();
  readonly runs: HandlerRun[] = [];
  readonly events: DeliveryEvent[] = [];
  readonly deadLetters: DeadLetter[] = [];
  readonly pipeline: DeliveryPipeline;
  /** What the dead-letter subject answers from now on. */
  deadLetterFailure: Error | undefined;
  /** What the dead-letter subject does with a letter before it has it. */
  onDeadLetter: (deadLetter: DeadLetter) => void = () => undefined;
  /** The trace that each message belongs to. */
  traceId: string | undefined;
  /** Whether somebody listens to what went well. */
  hasListeners = false;
  /** Reads the bytes of an event. */
  decode: (bytes: Buffer) => unknown = decodeJson;
  /** A handler that is done when it returns, in place of the one whose runs the test ends. */
  handleAtOnce: ((data: unknown, delivery: Delivery) => void) | undefined;
  /** What a listener does with each event. */
  onEvent: (event: DeliveryEvent) => void = () => undefined;

  constructor(options: StanSubscriptionOptions = {}) {
    this.pipeline = new DeliveryPipeline({
      options: resolveSubscriptionOptions(options, undefined),
      handlerName: 'Tickets.created',
      service: 'orders',
      clientId: 'orders-0',
      decode: (message) => this.decode(message.data),
      handle: (data, delivery) => this.handle(data, delivery),
      classifier: {
        isFinal: (error) => error instanceof FinalFailure,
        retryLaterMs: (error) => (error instanceof LaterFailure ? error.delayMs : undefined),
      },
      storeDeadLetter: async (_subject, deadLetter) => {
        if (this.deadLetterFailure !== undefined) throw this.deadLetterFailure;
        this.onDeadLetter(deadLetter);
        this.deadLetters.push(deadLetter);
      },
      emit: (event) => {
        this.events.push(event);
        this.onEvent(event);
      },
      hasListeners: () => this.hasListeners,
      traceIdOf: () => this.traceId,
      clock: this.clock,
    });
  }

  /** Lets a message arrive and everything settle that can. */
  async arrive(sequence: number, options: ArrivalOptions = {}): Promise<FakeMessage> {
    const message = makeMessage(sequence, options);
    this.pipeline.accept(message);
    await settled();
    return message;
  }

  /** The newest run of the handler. */
  lastRun(): HandlerRun {
    const run = this.runs.at(-1);
    if (run === undefined) throw new Error('the handler has not run');
    return run;
  }

  eventsOf<Type extends DeliveryEvent['type']>(type: Type): Extract<DeliveryEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<DeliveryEvent, { type: Type }> => event.type === type);
  }

  private handle(data: unknown, delivery: Delivery): Promise<unknown> | undefined {
    if (this.handleAtOnce !== undefined) {
      this.handleAtOnce(data, delivery);
      return undefined;
    }
    return new Promise((resolve, reject) => {
      this.runs.push({
        data,
        delivery,
        sequence: delivery.message.sequence,
        succeed: async (outcome) => {
          resolve(outcome);
          await settled();
        },
        fail: async (error) => {
          // The test says what is thrown, errors or not.
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
          reject(error);
          await settled();
        },
      });
    });
  }
}

export function makeMessage(sequence: number, options: ArrivalOptions = {}): FakeMessage {
  const { data = '{}', redeliveryCount = 0, isReachable = () => true } = options;
  const timestampNs = options.timestampNs ?? 1_700_000_000_000_000_000 + sequence * 1_000_000;
  const bytes = Buffer.from(data, 'utf8');
  return new FakeMessage(
    'ticket:created',
    sequence,
    timestampNs,
    redeliveryCount > 0,
    redeliveryCount,
    bytes,
    isReachable,
  );
}
