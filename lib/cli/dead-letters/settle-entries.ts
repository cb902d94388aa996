import { decodePayload } from '../../core/dead-letters/dead-letter.js';
import { originalHeaderText, replaySubject } from '../../core/dead-letters/replay.js';
import { CommandError } from './command.error.js';
import type { DeadLetterEntry } from './dead-letter-entry.js';
import type { DoneAction } from '../../core/dead-letters/done-marker.js';
import { encodeDoneMarker } from '../../core/dead-letters/done-marker.js';
import type { BrokerConnection } from './broker-connection.js';

/**
 * What is to be done with one entry: where it is sent first, if anywhere.
 * @internal
 */
export interface Step {
  readonly sequence: number;
  readonly action: DoneAction;
  readonly send: { readonly subject: string; readonly data: Buffer; readonly headerText?: string } | undefined;
}

/**
 * The step that sends an entry back: its original bytes and headers to its original subject, where every service gets them; or, with
 * `toHandler`, the dead letter to the service that gave it up, for the one handler that it names.
 * @throws CommandError where the bytes are no dead letter
 * @internal
 */
export function replayStep(entry: DeadLetterEntry, deadLetterSubject: string, toHandler: boolean): Step {
  const { sequence, letter, bytes } = entry;
  if (letter === undefined)
    throw new CommandError(
      `${String(sequence)} is not a readable dead letter and can only be dropped; nothing was sent`,
    );
  const send = toHandler
    ? { subject: replaySubject(deadLetterSubject), data: bytes }
    : { subject: letter.subject, data: decodePayload(letter.payload), headerText: originalHeaderText(letter) };
  return { sequence, action: 'replayed', send };
}

/** @internal */
export function dropStep({ sequence }: DeadLetterEntry): Step {
  return { sequence, action: 'dropped', send: undefined };
}

/**
 * Takes the steps one after the other: each is sent, and marked as done once the server has stored it. A failure ends it,
 * and leaves the entry open: it may have been sent, so sending it once more may double it, but none is ever lost.
 * @throws StanError of the publish that failed
 * @internal
 */
export async function takeSteps(
  steps: readonly Step[],
  connection: Pick<BrokerConnection, 'publish'>,
  { deadLetterSubject, by, now, onStep }: StepSurroundings,
): Promise<void> {
  for (const { sequence, action, send } of steps) {
    if (send !== undefined) await connection.publish(send.subject, send.data, send.headerText);
    const to = send === undefined ? {} : { to: send.subject };
    const marker = { version: 1, kind: 'done', sequence, action, ...to, at: now().toISOString(), by } as const;
    await connection.publish(deadLetterSubject, encodeDoneMarker(marker));
    onStep();
  }
}

/** @internal */
export interface StepSurroundings {
  readonly deadLetterSubject: string;
  readonly by: string;
  readonly now: () => Date;
  /** Called after each step, for whoever shows progress. */
  readonly onStep: () => void;
}
