// Tests that pass on the real server and not on the embedded broker, each with the reason. All others have to pass.

/**
 * They start the STAN server beside a NATS server of its own (`-ns`; stan.js also two NATS servers as a `--cluster`), so
 * that the one ends without the other. The embedded broker is both in one process, and refuses these flags by name.
 */
const natsOfItsOwn = {
  'stan.go': [
    'TestTimeoutPublish',
    'TestTimeoutOnRequests',
    'TestPingsCloseUnlockPubCalls',
    'TestPublishAsyncTimeout',
    'TestSubTimeout',
    'TestNatsOptions',
  ],
  'stan.js': [
    'Stan Connection Lost should get a "connection_lost" event if the server goes away',
    'Stan Connection Lost should get a "connection_lost" event if the server cycles and looses state',
    'Stan Connection Lost should get a "connection_lost" when replaced',
  ],
};

/** By suite, its tests. */
export const knownDifferences = new Map(Object.entries(natsOfItsOwn).map(([suite, tests]) => [suite, new Set(tests)]));
