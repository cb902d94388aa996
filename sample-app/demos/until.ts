import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until `check` holds.
 * @throws Error that names `what` when it does not within 30 s
 */
export async function until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`gave up waiting for ${what}`);
    await sleep(5);
  }
}
