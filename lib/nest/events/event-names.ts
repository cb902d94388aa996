import { InvalidOptionError } from '../../core/errors/invalid-option.error.js';
import { nearestName } from '../../core/errors/nearest-name.js';

/** The names of some events, complete: the compiler refuses one that is missing or too many. */
export type EventNames<Events> = Readonly<Record<keyof Events, true>>;

/**
 * Refuses a listener that would never be called.
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 */
export function assertListener(owner: string, names: object, type: unknown, listener: unknown): void {
  const known = Object.keys(names);
  if (typeof type !== 'string' || !known.includes(type)) {
    const nearest = typeof type === 'string' ? nearestName(type, known) : undefined;
    throw new InvalidOptionError('event', `one of ${known.join(', ')}`, type, { owner: `${owner}.on()`, nearest });
  }
  if (typeof listener === 'function') return;
  throw new InvalidOptionError('listener', 'a function', listener, { owner: `${owner}.on("${type}")` });
}
