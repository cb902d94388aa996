import { ContractRules } from '../../core/contracts/index.js';
import type {
  ContractOptions,
  InputOf,
  OutputOf,
  PayloadSchema,
  VersionedPayload,
} from '../../core/contracts/index.js';
import type { StanPublishContract, StanSubscriptionOptions } from '../../core/options/index.js';
import { StanEventPattern } from '../decorators/stan-event-pattern.decorator.js';
import { STAN_TRANSPORT } from '../stan-transport.js';
import { contractKey } from './contract-key.js';

/* eslint-disable @typescript-eslint/no-explicit-any -- a map of any events, and a handler with any further arguments */

/**
 * A decorator for handlers that take the payload `Payload`, or less of it, first; it does not compile on others.
 * @publicApi
 */
export type EventHandlerDecorator<Payload> = <Handler extends (payload: Payload, ...rest: any[]) => unknown>(
  target: object,
  propertyKey: string | symbol,
  descriptor: TypedPropertyDescriptor<Handler>,
) => void;

/**
 * Which payload travels on which subject, checked by the compiler and at run time. Made by {@link defineEvents}.
 * @publicApi
 */
export class EventContract<
  TEmitted extends Record<string, any>,
  THandled extends Record<keyof TEmitted, any>,
> implements StanPublishContract<TEmitted> {
  /** For {@link EmittedBy}; has no value. */
  declare readonly emitted: TEmitted;
  /** For {@link HandledBy}; has no value. */
  declare readonly handled: THandled;

  /** @internal */
  constructor(private readonly rules: ContractRules) {}

  /** The subjects of the contract. */
  get subjects(): readonly (keyof TEmitted & string)[] {
    return this.rules.subjects;
  }

  /**
   * Subscribes a controller's method to a subject of this contract. The method takes the payload first, as a whole; it is
   * called with a valid one of the newest version, or not at all. May be taken out of the contract:
   * `const { EventPattern } = shop`.
   * @param subject - a subject of the contract
   * @param options - over the server's defaults, as for `@StanEventPattern`
   * @param transport - which server of an app with several, as for `@StanEventPattern`
   */
  readonly EventPattern = <Subject extends keyof THandled & string>(
    subject: Subject,
    options: StanSubscriptionOptions = {},
    transport: symbol = STAN_TRANSPORT,
  ): EventHandlerDecorator<THandled[Subject]> => {
    // Refuses an unknown subject where the decorator stands.
    const rules = this.rules.pick([subject]);
    // Under a symbol, so that it is no option.
    return StanEventPattern(subject, { ...options, [contractKey]: rules } as StanSubscriptionOptions, transport);
  };

  /**
   * The same contract for some of its subjects: what one client may publish.
   * @throws SubjectNotInContractError (STAN_SUBJECT_NOT_IN_CONTRACT)
   */
  pick<Subject extends keyof TEmitted & string>(
    ...subjects: readonly Subject[]
  ): EventContract<Pick<TEmitted, Subject>, Pick<THandled, Subject>> {
    return new EventContract(this.rules.pick(subjects));
  }

  /**
   * Checks what a publish would check, for instance when an event is written into an outbox.
   * @throws InvalidPayloadError (STAN_INVALID_PAYLOAD), SubjectNotInContractError: rejects with them
   */
  async check<Subject extends keyof TEmitted & string>(subject: Subject, payload: TEmitted[Subject]): Promise<void> {
    await this.rules.toWire(subject, payload);
  }

  /**
   * What a handler would get for this data: checked, upcast, with the schema's output.
   * @param data - as the deserializer gives it
   * @throws InvalidPayloadError, NewerEventVersionError, SubjectNotInContractError: rejects with them
   */
  async read<Subject extends keyof THandled & string>(subject: Subject, data: unknown): Promise<THandled[Subject]> {
    return (await this.rules.read({ subject }, data)) as THandled[Subject];
  }

  /** @internal */
  toWire(subject: string, data: unknown): unknown {
    return this.rules.toWire(subject, data);
  }

  /** @internal */
  get definition(): ContractRules {
    return this.rules;
  }
}

/**
 * The payloads that publishers give, by subject.
 * @publicApi
 */
export type EmittedBy<Contract> = Contract extends EventContract<infer TEmitted, any> ? TEmitted : never;

/**
 * The payloads that handlers get, by subject.
 * @publicApi
 */
export type HandledBy<Contract> = Contract extends EventContract<any, infer THandled> ? THandled : never;

/**
 * The map of events from interfaces in the course's form, `{ subject: …; data: … }`.
 * @publicApi
 */
export type EventMapOf<Event extends { readonly subject: string; readonly data: unknown }> = {
  [One in Event as One['subject']]: One['data'];
};

type Definition = PayloadSchema | VersionedPayload;

/**
 * Declares which payload travels on which subject, and checks it on publish and on receipt.
 * @param definitions - per subject a schema (zod, valibot, arktype …), a class with class-validator's decorators,
 * `payload<T>()` for the compiler alone, or `firstVersion(…).next(…)`
 * @throws InvalidOptionError (STAN_INVALID_OPTION), owner `defineEvents`, where a definition cannot work
 * @publicApi
 */
export function defineEvents<const Definitions extends Readonly<Record<string, Definition>>>(
  definitions: Definitions,
  options: ContractOptions = {},
): EventContract<
  { [Subject in keyof Definitions]: InputOf<Definitions[Subject]> },
  { [Subject in keyof Definitions]: OutputOf<Definitions[Subject]> }
> {
  return new EventContract(ContractRules.define(definitions, options));
}

/**
 * A contract for the compiler alone: nothing is checked at run time, and any subject is taken there.
 * @publicApi
 */
export function declareEvents<TEvents extends Record<keyof TEvents, unknown>>(): DeclaredEvents<TEvents> {
  return new DeclaredEvents<TEvents>();
}

/**
 * Made by {@link declareEvents}.
 * @publicApi
 */
export class DeclaredEvents<TEvents extends Record<keyof TEvents, unknown>> {
  /** For `ClientStan<…>`; has no value. */
  declare readonly emitted: TEvents;

  /** Like `@StanEventPattern`, on handlers that take this subject's payload first. */
  readonly EventPattern = <Subject extends keyof TEvents & string>(
    subject: Subject,
    options: StanSubscriptionOptions = {},
    transport: symbol = STAN_TRANSPORT,
  ): EventHandlerDecorator<TEvents[Subject]> => StanEventPattern(subject, options, transport);
}
