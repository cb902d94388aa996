/**
 * Time as the delivery rules need it: monotonic, so that a changed wall clock neither expires nor revives a delivery.
 * @internal
 */
export interface DeliveryClock {
  /** Milliseconds since some fixed moment. */
  nowMs(): number;
  /** Calls back once after `ms`; returns the function that cancels. */
  after(ms: number, callback: () => void): () => void;
}

/** @internal */
export const systemDeliveryClock: DeliveryClock = {
  nowMs: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
