import { callWithPayload, isKey, keyExpected, unusableKey } from '../delivery/payload-key.js';
import { MissingEventIdError } from '../errors/missing-event-id.error.js';
import type { InboxOptions, ResolvedVersionOptions } from '../options/counting-options.js';
import { headersOf } from '../wire/decoded-event.js';
import type { CountedDelivery } from './counted-handler.js';
import type { VersionedEntity } from '../event-store/event-store.js';

type Message = CountedDelivery['message'];

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
  const key = callWithPayload(options.key, data, message, { option: 'version.key', expected: keyExpected });
  if (!isKey(key)) throw unusableKey(message, { option: 'version.key', expected: keyExpected }, key);
  const rule = { option: 'version.version', expected: `a safe integer from ${String(first)}` };
  const version = callWithPayload(options.version, data, message, rule);
  if (!Number.isSafeInteger(version) || (version as number) < first) throw unusableKey(message, rule, version);
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
    const given = callWithPayload(id, data, message, rule);
    if (!isKey(given)) throw unusableKey(message, rule, given);
    return given;
  }
  const header = headersOf(message.headerText, headers).get('id');
  if (header === undefined) throw new MissingEventIdError(subject, sequence);
  if (!isKey(header)) throw unusableKey(message, { option: 'the header id', expected: keyExpected }, header);
  return header;
}
