import { eventually, quietFor } from '../support/wait.js';

type Counts = Readonly<Record<string, number>>;

/** What keeps a process alive, by kind: sockets, servers, timers. */
function openHandles(): Counts {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    // Those come and go with the test runner's own work.
    if (kind === 'Immediate' || kind === 'PipeWrap' || kind === 'TickObject') continue;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/**
 * What is open now beyond `before`, by kind. Fewer is fine: an idle connection of an earlier look at the monitoring port
 * closes by itself after some seconds.
 */
export function handlesBeyond(before: Counts): Counts {
  const more = Object.entries(openHandles()).map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const);
  return Object.fromEntries(more.filter(([, count]) => count > 0));
}

/** The open handles once nothing is being opened or closed any more, e.g. by the test before. */
export async function restingHandles(): Promise<Counts> {
  return eventually(
    async () => {
      const before = openHandles();
      await quietFor(100);
      return JSON.stringify(openHandles()) === JSON.stringify(before) ? before : false;
    },
    { what: 'handles at rest' },
  );
}
