/**
 * Answers the runner's requests in a contestant's process. A contestant is a set of operations; each gets the request's
 * arguments and returns plain numbers.
 */
export function serveContestant(operations) {
  process.on('message', async ({ id, operation, args }) => {
    // What an earlier request left behind is not this one's to clear away.
    globalThis.gc?.();
    try {
      process.send({ id, result: await operations[operation](args) });
    } catch (error) {
      process.send({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  process.on('disconnect', () => process.exit(0));
  process.send({ ready: true });
}

/** An event whose JSON is `payloadBytes` long. */
export function eventOf(payloadBytes, extra = {}) {
  const empty = JSON.stringify({ ...extra, text: '' }).length;
  return { ...extra, text: 'x'.repeat(Math.max(0, payloadBytes - empty)) };
}

/** Runs `start` and tells what `count` messages took: per second of wall time, and processor time per message. */
export async function measured(count, start) {
  const meter = startMeter();
  await start();
  return meter.stop(count);
}

/** A meter that can be started at the first message rather than before it. */
export function startMeter() {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  return {
    stop: (count) => {
      const seconds = (performance.now() - startedAt) / 1_000;
      const used = process.cpuUsage(cpu);
      return { perSecond: count / seconds, cpuMicrosPerMessage: (used.user + used.system) / count };
    },
  };
}

/** Publishes `count` events with at most `window` unacknowledged; `publish(callback)` sends one. */
export function publishInWindow({ count, window }, publish) {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let acked = 0;
    const onAck = (error) => {
      if (error) {
        reject(error);
        return;
      }
      acked += 1;
      if (acked === count) resolve();
      else fill();
    };
    const fill = () => {
      while (sent < count && sent - acked < window) {
        sent += 1;
        publish(onAck);
      }
    };
    fill();
  });
}

/** Counts arrivals and measures from the first one to the last. */
export function arrivalMeter(count) {
  let arrived = 0;
  let meter;
  let finish;
  const done = new Promise((resolve) => (finish = resolve));
  return {
    done,
    onArrival: () => {
      meter ??= startMeter();
      arrived += 1;
      if (arrived === count) finish(meter.stop(count));
    },
  };
}

/**
 * Publishes at a steady rate and gathers the time from each publish to its handler; `publish(data)` sends one event,
 * `onHandled` is to be called with the data of each.
 */
export function latencyMeter({ perSecond, count }) {
  const timesMs = [];
  let finish;
  const done = new Promise((resolve) => (finish = resolve));
  return {
    onHandled: (data) => {
      timesMs.push(performance.now() - data.sentAt);
      if (timesMs.length === count) finish();
    },
    run: async (publish) => {
      const startedAt = performance.now();
      let sent = 0;
      const timer = setInterval(() => {
        const due = Math.min(count, ((performance.now() - startedAt) / 1_000) * perSecond);
        for (; sent < due; sent += 1) publish({ sentAt: performance.now() });
        if (sent === count) clearInterval(timer);
      }, 1);
      await done;
      timesMs.sort((a, b) => a - b);
      const at = (share) => timesMs[Math.min(timesMs.length - 1, Math.floor(timesMs.length * share))];
      return { p50Ms: at(0.5), p99Ms: at(0.99) };
    },
  };
}

/** Bytes held by the process's heap and buffers, after a full collection where the process may ask for one. */
export function heldBytes() {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** What a request that was answered leaves behind, a timer and a callback, is let go within a turn. */
export const settledRequests = () => new Promise((resolve) => setTimeout(resolve, 20));

export const unique = (prefix) => `${prefix}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
