import type { Driver, DriverMessage, DriverSubscriptionRequest } from '../../core/driver/driver.js';
import type { StartAt } from '../../core/options/subscription-options.js';
import { CommandError } from './command.error.js';

/**
 * One message as the channel keeps it.
 * @internal
 */
export interface StoredMessage {
  readonly sequence: number;
  readonly storedAt: Date;
  readonly data: Buffer;
}

/**
 * How long silence may last while a channel is read, in milliseconds.
 * @internal
 */
export interface ReadPatience {
  /** After which a channel that has sent nothing counts as empty. STAN has no word for "nothing there". */
  readonly emptyAfterMs: number;
  /** After which reading fails where messages are still missing. */
  readonly stalledAfterMs: number;
}

/** @internal */
export const readPatience = { emptyAfterMs: 1_000, stalledAfterMs: 30_000 } as const satisfies ReadPatience;

const nanosecondsPerMs = 1e6;

/**
 * Reads a whole channel, up to what was its last message when reading began, and changes nothing on the server but that
 * a channel which did not exist does now.
 * @throws CommandError when the server falls silent, or is another one, before the last message has come
 * @internal
 */
export async function readChannel(
  driver: Driver,
  subject: string,
  patience: ReadPatience = readPatience,
): Promise<StoredMessage[]> {
  const [last] = await readMessages(driver, subject, { startAt: 'lastReceived', isLast: () => true, patience });
  if (last === undefined) return [];
  const isLast = ({ sequence }: StoredMessage): boolean => sequence >= last.sequence;
  const messages = await readMessages(driver, subject, { startAt: 'first', isLast, patience });
  if (messages.length === 0) throw new CommandError(`"${subject}" has messages, but the server sends none of them`);
  return messages;
}

interface Reading {
  readonly startAt: StartAt;
  readonly isLast: (message: StoredMessage) => boolean;
  readonly patience: ReadPatience;
}

async function readMessages(
  driver: Driver,
  subject: string,
  { startAt, isLast, patience }: Reading,
): Promise<StoredMessage[]> {
  const messages: StoredMessage[] = [];
  const silence = new Silence();
  let lastSequence = 0;
  const request = readRequest(subject, startAt, (serverChanged) => {
    if (serverChanged)
      silence.fail(new CommandError(`the server was restarted while "${subject}" was read; try again`));
    return lastSequence === 0 ? startAt : { sequence: lastSequence + 1 };
  });
  const onMessage = (message: DriverMessage): void => {
    if (silence.isOver || message.sequence <= lastSequence) return;
    lastSequence = message.sequence;
    const stored = toStored(message);
    messages.push(stored);
    if (isLast(stored)) silence.end();
    else silence.expect(patience.stalledAfterMs, () => stalled(subject, stored.sequence));
  };
  try {
    const subscription = await driver.subscribe(request, onMessage);
    // Messages may have come before this line runs; then the wait is theirs.
    if (messages.length === 0) silence.expect(patience.emptyAfterMs);
    await silence.over.finally(() => subscription.close());
  } finally {
    silence.end();
  }
  return messages;
}

function readRequest(
  subject: string,
  startAt: StartAt,
  resumeAt: DriverSubscriptionRequest['resumeAt'],
): DriverSubscriptionRequest {
  const plain = { queueGroup: undefined, durableName: undefined, ackWaitMs: 30_000, maxInFlight: 1_024 };
  return { ...plain, subject, startAt, manualAck: false, resumeAt };
}

function toStored({ sequence, timestampNs, data }: DriverMessage): StoredMessage {
  return { sequence, storedAt: new Date(timestampNs / nanosecondsPerMs), data };
}

function stalled(subject: string, sequence: number): CommandError {
  return new CommandError(`the server stopped answering after message ${String(sequence)} of "${subject}"; try again`);
}

/** Waits for an end, for a failure, or for a silence that lasts too long; what comes after the first of them is ignored. */
class Silence {
  readonly over: Promise<void>;
  isOver = false;
  private timer: NodeJS.Timeout | undefined;
  private settle!: (error: CommandError | undefined) => void;

  constructor() {
    this.over = new Promise((resolve, reject) => {
      this.settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    // It may fail while the caller still awaits the subscription, before anybody awaits this.
    this.over.catch(() => undefined);
  }

  /** Restarts the wait; ends it with the failure, if any, when it takes too long. */
  expect(ms: number, failure?: () => CommandError): void {
    if (this.isOver) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.finish(failure?.()), ms);
  }

  end(): void {
    this.finish(undefined);
  }

  fail(error: CommandError): void {
    this.finish(error);
  }

  private finish(error: CommandError | undefined): void {
    clearTimeout(this.timer);
    this.isOver = true;
    this.settle(error);
  }
}
