import { systemClock } from './clock.js';
import type { Clock } from './clock.js';

/** Whether the work has ended within so many milliseconds, in whichever way. Never rejects, and leaves no timer behind. */
export function isDoneWithin(ms: number, work: Promise<unknown>, clock: Clock = systemClock): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, () => resolve(false));
    const done = (): void => {
      cancel();
      resolve(true);
    };
    work.then(done, done);
  });
}
