import type { DriverMessage } from '../driver/driver.js';
import { encodeHeaders, isHeaderName } from '../wire/headers.js';
import { decodePayload, parseDeadLetter } from './dead-letter.js';
import type { DeadLetter } from './dead-letter.js';

/**
 * The subject on which one service takes dead letters back, for the handler that gave them up alone.
 * @publicApi
 */
export function replaySubject(deadLetterSubject: string): string {
  return `${deadLetterSubject}.replay`;
}

/**
 * The headers of the event in their text form, for a replay. Invalid headers, in a letter that another program wrote, are
 * left out.
 * @throws InvalidHeadersError (STAN_INVALID_HEADERS) where they are too long
 * @internal
 */
export function originalHeaderText({ subject, headers = {} }: DeadLetter): string {
  return encodeHeaders(subject, new Map(Object.entries(headers).filter(([name]) => isHeaderName(name))));
}

/**
 * The message of a replayed letter as its handler knew it: original subject, sequence, time and bytes.
 * @internal
 */
export function originalMessage(letter: DeadLetter, message: DriverMessage): Omit<DriverMessage, 'ack'> {
  return {
    subject: letter.subject,
    sequence: letter.sequence,
    timestampNs: Date.parse(letter.timestamp) * 1e6,
    redelivered: true,
    redeliveryCount: letter.deliveries,
    data: decodePayload(letter.payload),
    headerText: originalHeaderText(letter),
    native: message.native,
  };
}

/**
 * The letter of a replay that failed: the original event with the new cause, not a letter about a letter.
 * @internal
 */
export function letterOfFailedReplay(failed: DeadLetter): DeadLetter {
  const original = parseDeadLetter(decodePayload(failed.payload));
  if (original === undefined) return failed;
  const { subject, sequence, timestamp, handler, headers, payload } = original;
  return {
    ...failed,
    subject,
    sequence,
    timestamp,
    handler,
    headers,
    payload,
    deliveries: original.deliveries + failed.deliveries,
  };
}
