import { setImmediate as nextTurn } from 'node:timers/promises';

/** Events that are delivered at once. */
const chunkSize = 1_000;

/**
 * The driver port in memory, for figures without a network and a server: acks each publish in the next turn, and delivers
 * what it is told to.
 * @param {(place: number) => Buffer} dataOf the bytes of the n-th event, from 0
 */
export function memoryDriver(dataOf) {
  let onMessage;
  let sequence = 0;
  return {
    isReady: () => true,
    maxDataBytes: () => 1_048_000,
    // Of builds before 0.1.0: for --against.
    maxPayloadBytes: () => 1_048_576,
    connect: () => Promise.resolve(),
    publish: (_subject, _data, done) => void Promise.resolve().then(() => done(undefined, 'guid')),
    subscribe: (_request, listener) => {
      onMessage = listener;
      return Promise.resolve({ close: () => Promise.resolve() });
    },
    close: () => Promise.resolve(),
    on: () => () => undefined,
    native: () => undefined,
    /** Delivers events in bursts, and resolves once all are acked. */
    async deliver(count) {
      let acks = 0;
      for (let sent = 0; sent < count;) {
        for (const end = Math.min(sent + chunkSize, count); sent < end; sent += 1) {
          const data = dataOf(sequence);
          sequence += 1;
          onMessage(messageOf(sequence, data, () => (acks += 1) > 0));
        }
        while (acks < sent) await nextTurn();
      }
    },
    /** Delivers one event, and resolves as soon as it is acked. */
    deliverOne(data) {
      sequence += 1;
      return new Promise((resolve) => onMessage(messageOf(sequence, data, () => (resolve(), true))));
    },
  };
}

function messageOf(sequence, data, ack) {
  return {
    subject: 'bench',
    sequence,
    timestampNs: 1_700_000_000_000_000_000 + sequence * 1_000,
    redelivered: false,
    redeliveryCount: 0,
    data,
    headerText: '',
    native: undefined,
    ack,
  };
}
