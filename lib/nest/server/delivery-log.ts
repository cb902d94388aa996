import { describeError, isError } from '../../core/errors/describe-error.js';
import type { DeliveryEvent, DeliverySkippedEvent, HandlerErrorEvent } from '../../core/delivery/delivery-event.js';
import { printableStack } from '../../core/errors/printable.js';
import { logLine } from '../events/log-line.js';
import type { Line, LogFields } from '../events/log-line.js';
import type { SafeLogger } from '../events/safe-logger.js';
import { isRetryLater } from '../exceptions/retry-later.exception.js';

/**
 * One line in the log for what happens to a delivery; an event that fails again and again is logged with growing
 * intervals: at its 1st, 2nd, 4th, 8th … delivery.
 * @internal
 */
export function logDeliveryEvent(logger: SafeLogger, event: DeliveryEvent): void {
  const line = lineOf(event);
  if (line !== undefined) logLine(logger, { ...line, fields: fieldsOf(event) });
}

function fieldsOf(event: DeliveryEvent): LogFields {
  const { subject, sequence, handler, traceId } = event;
  return { subject, sequence, handler, delivery: 'deliveries' in event ? event.deliveries : undefined, traceId };
}

function lineOf(event: DeliveryEvent): Omit<Line, 'fields'> | undefined {
  const about = `${event.handler}: event ${String(event.sequence)} of "${event.subject}"`;
  switch (event.type) {
    case 'handled':
      return undefined;
    case 'handlerError':
      return isWorthALine(event) ? failureLine(event, about) : undefined;
    case 'undecodable': {
      const text = `${event.handler}: ${event.error.message} (policy: ${event.policy})`;
      return isPowerOfTwo(event.deliveries) ? { level: 'error', text } : undefined;
    }
    case 'deadLettered': {
      const went = `went to "${event.deadLetterSubject}" after ${deliveriesText(event.deliveries)}`;
      return { level: 'warn', text: `${about} ${went}: ${errorText(event.error)}` };
    }
    case 'deadLetterFailed':
      return { level: 'error', text: event.error.message };
    case 'ackWaitNear': {
      const took = `took ${String(event.tookMs)} ms of an ack wait of ${String(event.ackWaitMs)} ms`;
      const advice = 'past it the server sends events again: raise ackWaitMs or make the handler faster';
      return { level: 'warn', text: `${about} ${took}; ${advice}` };
    }
    case 'deliverySkipped':
      return skippedLine(event, about);
  }
}

function skippedLine(
  { reason, deliveries, error, counted }: DeliverySkippedEvent,
  about: string,
): Omit<Line, 'fields'> | undefined {
  if (counted !== undefined) {
    const which = `version ${String(counted.version)} of ${counted.stream} ${JSON.stringify(counted.key)}`;
    return { level: 'debug', text: `${about} not started: ${which} has counted before` };
  }
  if (reason !== 'givenUp') return { level: 'debug', text: `${about} not started: ${reason}` };
  if (!isPowerOfTwo(deliveries)) return undefined;
  const stays = 'is not retried by this process and stays pending on the server';
  return { level: 'warn', text: `${about} ${stays} (delivery ${String(deliveries)}): ${errorText(error)}` };
}

/** A handler that asks for a later try has not failed: no stack, no error. */
function failureLine(event: HandlerErrorEvent, about: string): Omit<Line, 'fields'> {
  const { error } = event;
  const text = `${about} ${failureText(event)}: ${errorText(error)}`;
  if (isRetryLater(error)) return { level: 'warn', text };
  return { level: 'error', text, stack: stackOf(error) };
}

const afterText: Readonly<Record<HandlerErrorEvent['next'], string>> = {
  retry: 'tried again here',
  redelivery: 'left for redelivery',
  deadLetter: 'goes to the dead-letter subject',
  givenUp: 'not retried by this process; it stays pending on the server',
  parked: 'stays parked and is tried again',
  lost: 'already acked, so it is not delivered again',
};

function failureText({ deliveries, tries, next }: HandlerErrorEvent): string {
  return `failed (delivery ${String(deliveries)}, try ${String(tries)}; ${afterText[next]})`;
}

function isWorthALine({ deliveries, tries, next }: HandlerErrorEvent): boolean {
  if (next === 'retry') return tries === 1 && isPowerOfTwo(deliveries);
  return next !== 'redelivery' || isPowerOfTwo(deliveries);
}

function deliveriesText(count: number): string {
  return count === 1 ? '1 delivery' : `${String(count)} deliveries`;
}

function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}

function errorText(error: unknown): string {
  const { name, message } = describeError(error);
  return isError(error) ? `${name}: ${message}` : message;
}

function stackOf(error: unknown): string | undefined {
  if (!isError(error)) return undefined;
  const { stack } = describeError(error);
  return stack === undefined ? undefined : printableStack(stack);
}
