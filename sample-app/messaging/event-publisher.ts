import type { VersionedEvent } from '../shared/versioned-event.js';
import type { Subject } from '../shared/subjects.js';

/** The one thing that the relay needs from the event bus. */
export abstract class EventPublisher {
  /** Resolves when the server has stored the event; rejects when that is not known. */
  abstract publish(subject: Subject, event: VersionedEvent): Promise<void>;
}
