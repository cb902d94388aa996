/** What {@link settle} looks at. */
export interface Quietness {
  /** A count that moves with every byte in or out. */
  activity(): number;
  isBusy(): boolean;
  /** True while a client owes an answer. */
  awaitsAnswer(): boolean;
}

/** Turns of the event loop without a byte moved: by then a client in this process has answered. */
const quietTurns = 6;
/** How long a client that owes an answer is waited for, in real time: it may live in another process, or be dead. */
const patienceMs = 200;

/**
 * Resolves when nothing has moved for a few turns of the event loop and nobody owes an answer.
 * @internal
 */
export async function settle(quietness: Quietness): Promise<void> {
  const startedMs = performance.now();
  let seen = quietness.activity();
  for (let quiet = 0; quiet < quietTurns; quiet += 1) {
    await nextTurn();
    const owed = quietness.awaitsAnswer() && performance.now() - startedMs < patienceMs;
    if (owed) await briefly();
    if (owed || quietness.isBusy() || quietness.activity() !== seen) quiet = 0;
    seen = quietness.activity();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function briefly(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 1);
  });
}
