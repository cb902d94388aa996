import { contestantNames, yardstickNames } from '../harness/contestant-process.mjs';
import { countFor, cpu, payloads, perSecond, sizeText } from './sizes.mjs';

const ackModes = ['afterHandler', 'manual', 'onDelivery'];

/** Events per second out of a channel that is full, from the first to the last; the raw client has no `afterHandler`. */
export function deliverCases(arena, { quick }) {
  return ackModes.flatMap((ackMode) =>
    payloads.map((payloadBytes) => ({
      name: `deliver ${sizeText(payloadBytes)}, ${ackMode}`,
      payloadBytes,
      contestants:
        payloadBytes === 128 && ackMode === 'afterHandler' ? [...contestantNames, ...yardstickNames] : contestantNames,
      metrics: ackMode === 'afterHandler' ? [perSecond, cpu] : [perSecond],
      run: async (contestant) => {
        const count = countFor(payloadBytes, quick);
        const subjects = await arena.filled(`deliver ${payloadBytes}`, { count, payloadBytes });
        return arena.contestant(contestant).call('deliver', { subjects, count, ackMode });
      },
    })),
  );
}
