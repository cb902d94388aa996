import type { LoggerService } from '@nestjs/common';

import { describeError } from '../../core/delivery/dead-letter.js';
import type { DeliveryEvent, GapOpenEvent, HandlerErrorEvent } from '../../core/delivery/delivery-event.js';
import { RetryLaterException } from '../exceptions/retry-later.exception.js';

/**
 * One line in the log for what happens to a delivery; an event that fails again and again is logged with growing
 * intervals: at its 1st, 2nd, 4th, 8th … delivery.
 * @internal
 */
export function logDeliveryEvent(logger: LoggerService, event: DeliveryEvent): void {
  if (event.type === 'gapOpen') {
    logGap(logger, event);
    return;
  }
  const about = `${event.handler}: event ${String(event.sequence)} of "${event.subject}"`;
  switch (event.type) {
    case 'handlerError':
      if (isWorthALine(event)) logFailure(logger, event, `${about} ${failureText(event)}: ${errorText(event.error)}`);
      return;
    case 'undecodable':
      if (isPowerOfTwo(event.deliveries))
        logger.error(`${event.handler}: ${event.error.message} (policy: ${event.policy})`);
      return;
    case 'deadLettered':
      logger.warn(
        `${about} went to "${event.deadLetterSubject}" after ${deliveriesText(event.deliveries)}: ${errorText(event.error)}`,
      );
      return;
    case 'deadLetterFailed':
      logger.error(event.error.message);
      return;
    case 'ackWaitNear':
      logger.warn(
        `${about} took ${String(event.tookMs)} ms of an ack wait of ${String(event.ackWaitMs)} ms; ` +
          'past it the server sends events again: raise ackWaitMs or make the handler faster',
      );
      return;
    case 'parked':
    case 'unparked': {
      const version = `version ${String(event.version)} of ${event.stream} ${JSON.stringify(event.key)}`;
      logger.debug?.(`${about} (${version}) ${event.type === 'parked' ? 'parked: it came early' : event.outcome}`);
      return;
    }
    case 'deliverySkipped':
      if (event.reason !== 'givenUp') logger.debug?.(`${about} not started: ${event.reason}`);
      else if (isPowerOfTwo(event.deliveries))
        logger.warn(
          `${about} is not tried any more by this process and stays at the server ` +
            `(delivery ${String(event.deliveries)}): ${errorText(event.error)}`,
        );
  }
}

function logGap(logger: LoggerService, { consumer, stream, key, expected, parked, since }: GapOpenEvent): void {
  logger.warn(
    `${consumer}: version ${String(expected)} of ${stream} ${JSON.stringify(key)} is missing; ` +
      `${String(parked)} parked events wait for it since ${since.toISOString()}: ` +
      'replay its dead letter, or give it up with StanParked.skip()',
  );
}

const afterText: Readonly<Record<HandlerErrorEvent['next'], string>> = {
  retry: 'tried again here',
  redelivery: 'left for redelivery',
  deadLetter: 'goes to the dead-letter subject',
  givenUp: 'not tried again by this process, and left at the server',
  parked: 'stays parked and is tried again',
  lost: 'acked before, so it is not delivered again',
};

/** A handler that asks for a later try has not failed: no stack, no error. */
function logFailure(logger: LoggerService, { error }: HandlerErrorEvent, line: string): void {
  if (error instanceof RetryLaterException) logger.warn(line);
  else logger.error(line, stackOf(error));
}

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
  return error instanceof Error ? `${name}: ${message}` : message;
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
