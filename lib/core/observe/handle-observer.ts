import type { AfterFailure, DeliveryEvent } from '../delivery/delivery-event.js';
import { handleChannel } from './channels.js';
import type { GuardedTelemetry } from './guarded-telemetry.js';
import type { HandleAbout, HandleOutcome } from '../options/telemetry-options.js';

/**
 * Shows the runs of the handlers of one subscription to whoever looks: the diagnostics channel and the telemetry that is
 * plugged in.
 * @internal
 */
export class HandleObserver {
  /** Runs whose outcome is still to come, by the sequence under which their delivery is known. */
  private readonly open = new Map<number, HandleAbout>();

  constructor(private readonly telemetry: GuardedTelemetry | undefined) {}

  /** Whether anybody looks; where nobody does, nothing is made for it. */
  isOn(): boolean {
    return this.telemetry !== undefined || handleChannel.hasSubscribers;
  }

  /** Whether it needs every outcome, of what went well too. */
  get wantsOutcomes(): boolean {
    return this.telemetry !== undefined;
  }

  /** Has `run` run, once and at once; settles as it does. `sequence` is the delivery's own, of a replay too. */
  observe(sequence: number, about: HandleAbout, run: () => Promise<void>): Promise<void> {
    const { telemetry } = this;
    if (telemetry === undefined) return handleChannel.tracePromise(run, about);
    this.end(sequence, 'redelivery');
    this.open.set(sequence, about);
    const traced = (): Promise<void> => telemetry.handle(about, run);
    return handleChannel.hasSubscribers ? handleChannel.tracePromise(traced, about) : traced();
  }

  /** The trace of the delivery whose run has not been told about yet. */
  traceIdOf(sequence: number): string | undefined {
    return this.open.get(sequence)?.traceId;
  }

  /** Takes what is told about a delivery: some of it is the outcome of its run. */
  hear(event: DeliveryEvent): void {
    if (this.open.size === 0) return;
    const outcome = outcomeOf(event);
    if (outcome !== undefined) this.end(event.sequence, outcome);
  }

  /** Tells the outcome of a run, where no event tells it. */
  end(sequence: number, outcome: HandleOutcome): void {
    const about = this.open.get(sequence);
    if (about === undefined) return;
    this.open.delete(sequence);
    this.telemetry?.settled(about, outcome);
  }
}

function outcomeOf(event: DeliveryEvent): HandleOutcome | undefined {
  switch (event.type) {
    case 'handled':
      return event.isAcked ? 'acked' : 'unacked';
    case 'handlerError':
      // What follows is told once the dead letter is stored, or is not.
      return afterFailure[event.next];
    case 'deadLettered':
    case 'deadLetterFailed':
      return event.type;
    case 'ackWaitNear':
    case 'deliverySkipped':
    case 'undecodable':
      return undefined;
  }
}

const afterFailure: Readonly<Record<AfterFailure, HandleOutcome | undefined>> = {
  retry: 'retry',
  redelivery: 'redelivery',
  givenUp: 'givenUp',
  lost: 'lost',
  deadLetter: undefined,
  // From the event store and not by the server, but delivered again all the same.
  parked: 'redelivery',
};
