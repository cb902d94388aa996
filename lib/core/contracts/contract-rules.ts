import { describeValue } from '../errors/describe-value.js';
import { InvalidOptionError } from '../errors/invalid-option.error.js';
import type { PayloadIssue } from '../errors/invalid-payload.error.js';
import { InvalidPayloadError } from '../errors/invalid-payload.error.js';
import { NewerEventVersionError } from '../errors/newer-event-version.error.js';
import { SubjectNotInContractError } from '../errors/subject-not-in-contract.error.js';
import { subjectProblem } from '../options/subject.js';
import type { CheckResult, PayloadChecker } from './check-result.js';
import { toChecker } from './payload-checker.js';
import type { PayloadSchema, PayloadVersion } from './payload-schema.js';
import { VersionedPayload } from './payload-schema.js';

/** What a contract is defined by: a schema, or a chain of versions, per subject. */
export type EventDefinitions = Readonly<Record<string, PayloadSchema | VersionedPayload>>;

/**
 * The options of `defineEvents`.
 * @publicApi
 */
export interface ContractOptions {
  /**
   * Property of a payload that carries its version, from version 2 on; a payload without it is of version 1.
   * Limits: a name that no payload of the contract has itself.
   * @defaultValue 'schemaVersion'
   */
  readonly versionField?: string;
}

/** Where a payload comes from, for errors. */
interface Received {
  readonly subject: string;
  readonly sequence?: number | undefined;
}

/** One event, ready to be checked. */
interface EventRules {
  /** As it was defined, for documents. */
  readonly versions: readonly PayloadVersion[];
  readonly checkers: readonly PayloadChecker[];
}

const defaultVersionField = 'schemaVersion';
const owner = 'defineEvents';

/**
 * The rules of a contract, without a framework: what may be published, and what a handler gets.
 * @internal
 */
export class ContractRules {
  private constructor(
    private readonly events: ReadonlyMap<string, EventRules>,
    readonly versionField: string,
  ) {}

  /** @throws InvalidOptionError (STAN_INVALID_OPTION), owner `defineEvents` */
  static define(definitions: EventDefinitions, { versionField = defaultVersionField }: ContractOptions): ContractRules {
    if (typeof versionField !== 'string' || versionField === '' || versionField === '__proto__')
      throw new InvalidOptionError('versionField', 'the name of a property', versionField, { owner });
    const events = Object.entries(definitions).map(
      ([subject, definition]) => [subject, toRules(subject, definition)] as const,
    );
    if (events.length === 0)
      throw new InvalidOptionError('definitions', 'at least one subject', definitions, { owner });
    return new ContractRules(new Map(events), versionField);
  }

  get subjects(): readonly string[] {
    return [...this.events.keys()];
  }

  /** The versions of an event as they were defined, oldest first. */
  versionsOf(subject: string): readonly PayloadVersion[] {
    return this.events.get(subject)?.versions ?? [];
  }

  /** The same rules for some of the subjects. */
  pick(subjects: readonly string[]): ContractRules {
    const picked = subjects.map((subject) => [subject, this.rulesOf(subject)] as const);
    return new ContractRules(new Map(picked), this.versionField);
  }

  /**
   * What goes to the serializer: the caller's own data, checked, with its version where that is above 1.
   * @throws InvalidPayloadError, SubjectNotInContractError; rejects with them where the schema is asynchronous
   */
  toWire(subject: string, data: unknown): unknown {
    const { checkers } = this.rulesOf(subject);
    const version = checkers.length;
    this.refuseVersionField(subject, version, data);
    return after(run(checkers, version, data), (result) => {
      if (result.issues !== undefined)
        throw new InvalidPayloadError({ subject, direction: 'publish', version, issues: result.issues });
      return version === 1 ? data : { ...(data as object), [this.versionField]: version };
    });
  }

  /**
   * What a handler gets: checked by the schema of the payload's version, then upcast to the newest, each step checked.
   * @throws InvalidPayloadError, NewerEventVersionError; rejects with them where a schema is asynchronous
   */
  read({ subject, sequence }: Received, data: unknown): unknown {
    const rules = this.rulesOf(subject);
    const received: Received = { subject, sequence };
    const version = this.versionOf(received, rules, data);
    const plain = isRecord(data) && Object.hasOwn(data, this.versionField) ? without(data, this.versionField) : data;
    return this.advance(received, rules, version, plain);
  }

  private advance(received: Received, rules: EventRules, version: number, data: unknown): unknown {
    return after(run(rules.checkers, version, data), (result) => {
      if (result.issues !== undefined) throw refused(received, version, result.issues);
      const { upcast } = rules.versions[version] ?? {};
      if (upcast === undefined) return result.value;
      const upcasted = upcastOf(received, version + 1, () => upcast(result.value as never));
      return this.advance(received, rules, version + 1, upcasted);
    });
  }

  private versionOf(received: Received, { checkers }: EventRules, data: unknown): number {
    if (!isRecord(data) || !Object.hasOwn(data, this.versionField)) return 1;
    const version = data[this.versionField];
    if (!Number.isSafeInteger(version) || (version as number) < 1) {
      const message = 'expected the number of a version, a whole number from 1 on';
      throw refused(received, undefined, [{ path: this.versionField, message }]);
    }
    if ((version as number) > checkers.length)
      throw new NewerEventVersionError(received.subject, received.sequence, version as number, checkers.length);
    return version as number;
  }

  private refuseVersionField(subject: string, version: number, data: unknown): void {
    const problem = this.versionProblem(version, data);
    if (problem === undefined) return;
    throw new InvalidPayloadError({ subject, direction: 'publish', version, issues: [problem] });
  }

  private versionProblem(version: number, data: unknown): PayloadIssue | undefined {
    if (isRecord(data) && this.versionField in data)
      return {
        path: this.versionField,
        message: 'is where the contract keeps the version: leave it out, or set versionField',
      };
    return version > 1 && !isRecord(data)
      ? { path: '', message: 'expected an object: events with versions need one' }
      : undefined;
  }

  private rulesOf(subject: string): EventRules {
    const rules = this.events.get(subject);
    if (rules === undefined) throw new SubjectNotInContractError(subject, this.subjects);
    return rules;
  }
}

function toRules(subject: string, definition: PayloadSchema | VersionedPayload): EventRules {
  const problem = subjectProblem(subject);
  if (problem !== undefined)
    throw new InvalidOptionError(subject, `a legal subject, and ${problem}`, subject, { owner });
  const versions = definition instanceof VersionedPayload ? definition.versions : [{ schema: definition }];
  const checkers = versions.map(({ schema }) => toChecker(schema, subject));
  for (const { upcast } of versions.slice(1))
    if (typeof upcast !== 'function')
      throw new InvalidOptionError(subject, 'a function that upcasts, as the second argument of next()', upcast, {
        owner,
      });
  return { versions, checkers };
}

/** A schema that throws, instead of saying what is wrong, refuses. */
function run(checkers: readonly PayloadChecker[], version: number, data: unknown): CheckResult | Promise<CheckResult> {
  const checker = checkers[version - 1];
  if (checker === undefined) return { issues: [{ path: '', message: `there is no version ${String(version)}` }] };
  try {
    const result = checker(data);
    return result instanceof Promise ? result.catch(schemaFailed) : result;
  } catch (error) {
    return schemaFailed(error);
  }
}

function schemaFailed(error: unknown): CheckResult {
  return { issues: [{ path: '', message: `the schema itself failed: ${describeValue(error)}` }] };
}

function upcastOf({ subject, sequence }: Received, version: number, upcast: () => unknown): unknown {
  try {
    return upcast();
  } catch (cause) {
    const issues = [{ path: '', message: `the upcast to version ${String(version)} failed` }];
    throw new InvalidPayloadError({ subject, direction: 'receive', sequence, version, issues, cause });
  }
}

function refused(
  { subject, sequence }: Received,
  version: number | undefined,
  issues: readonly PayloadIssue[],
): InvalidPayloadError {
  return new InvalidPayloadError({ subject, direction: 'receive', sequence, version, issues });
}

/** Goes on at once where nothing has to be awaited. */
function after<T>(value: T | Promise<T>, proceed: (value: T) => unknown): unknown {
  return value instanceof Promise ? value.then(proceed) : proceed(value);
}

function without(data: Record<string, unknown>, field: string): Record<string, unknown> {
  const copy = { ...data };
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a copy of plain JSON, without one property
  delete copy[field];
  return copy;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
