import { describeValue } from '../errors/describe-value.js';
import { MissingEventIdError } from '../errors/missing-event-id.error.js';
import { UnusableKeyError } from '../errors/unusable-key.error.js';
import { maxKeyLength } from '../options/counting-options.js';
import type { InboxOptions, ResolvedVersionOptions } from '../options/counting-options.js';
import { headersOf } from '../wire/decoded-event.js';
import type { CountedDelivery } from './counted-handler.js';
import type { VersionedEntity } from './event-store.js';

type Message = CountedDelivery['message'];

const keyExpected = `text of 1 to ${String(maxKeyLength)} characters`;

/**
 * The entity and version that an event is about.
 * @throws UnusableKeyError (STAN_UNUSABLE_KEY)
 * @internal
 */
export function entityOf(
  options: ResolvedVersionOptions,
  consumer: string,
  data: unknown,
  message: Message,
): VersionedEntity {
  const { stream, first, mode, unknownKey } = options;
  const key = call(options.key, data, message, { option: 'version.key', expected: keyExpected });
  if (!isKey(key)) throw unusable(message, { option: 'version.key', expected: keyExpected }, key);
  const rule = { option: 'version.version', expected: `a safe integer from ${String(first)}` };
  const version = call(options.version, data, message, rule);
  if (!Number.isSafeInteger(version) || (version as number) < first) throw unusable(message, rule, version);
  return { consumer, stream, key, version: version as number, first, mode, unknownKey };
}

/**
 * The id under which an event is recorded.
 * @throws MissingEventIdError (STAN_MISSING_EVENT_ID), UnusableKeyError (STAN_UNUSABLE_KEY)
 * @internal
 */
export function messageIdOf({ id }: InboxOptions, data: unknown, { message, headers }: CountedDelivery): string {
  const { subject, sequence, timestampNs } = message;
  // Sequences begin again on a server that lost its store; with the time of storing they are other messages.
  if (id === 'delivery') return `${subject}/${String(sequence)}@${String(BigInt(Math.round(timestampNs)))}`;
  if (id !== 'header') {
    const rule = { option: 'inbox.id', expected: keyExpected };
    const given = call(id, data, message, rule);
    if (!isKey(given)) throw unusable(message, rule, given);
    return given;
  }
  const header = headersOf(message.headerText, headers).get('id');
  if (header === undefined) throw new MissingEventIdError(subject, sequence);
  if (!isKey(header)) throw unusable(message, { option: 'the header id', expected: keyExpected }, header);
  return header;
}

interface Rule {
  readonly option: string;
  readonly expected: string;
}

function call(from: (data: never) => unknown, data: unknown, message: Message, rule: Rule): unknown {
  try {
    return from(data as never);
  } catch (cause) {
    const received = `a throw of ${cause instanceof Error ? cause.message : describeValue(cause)}`;
    throw new UnusableKeyError(message.subject, message.sequence, rule.option, rule.expected, received, { cause });
  }
}

function unusable({ subject, sequence }: Message, { option, expected }: Rule, value: unknown): UnusableKeyError {
  return new UnusableKeyError(subject, sequence, option, expected, describeValue(value));
}

function isKey(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxKeyLength;
}
