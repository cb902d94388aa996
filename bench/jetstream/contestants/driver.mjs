/** The driver of this package alone, without Nest and without the rules above it: over JetStream, or over STAN. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import {
  arrivalMeter,
  eventOf,
  measured,
  publishInWindow,
  serveContestant,
  unique,
} from '../../harness/serve-contestant.mjs';

const [url, clusterId, kind] = process.argv.slice(2);
const lib = join(import.meta.dirname, '..', '..', '..', 'dist', 'lib');
const load = (file) => import(pathToFileURL(join(lib, file)).href);
const { resolveConnectionOptions } = await load('core/options/index.js');
const { chosenDriver } = await load('core/driver/driver-choice.js');
const { StanDriver } = await load('drivers/stan/stan-driver.js');
const { stanOptionNames } = await load('drivers/stan/stan-option-names.js');
const { jetstream } = await load('jetstream/index.js');

async function open() {
  const options = resolveConnectionOptions(
    {
      ...{ clusterId, clientId: unique('bench-driver'), servers: url },
      ...(kind === 'jetstream' && { driver: jetstream({ streams: 'require' }) }),
    },
    stanOptionNames,
  );
  const driver = chosenDriver(options) ?? new StanDriver(options);
  await driver.connect();
  return driver;
}

const publisher = await open();
let publishes = 0;

serveContestant({
  publish: ({ subject, count, window, payloadBytes }) => {
    const event = eventOf(payloadBytes);
    const toError = (error) => error?.cause;
    return measured(count, () =>
      publishInWindow({ count, window }, (onAck) => {
        publishes += 1;
        publisher.publish(subject, Buffer.from(JSON.stringify(event)), (e) => onAck(toError(e)), '', publishes);
      }),
    );
  },

  deliver: async ({ subject, count, maxInFlight }) => {
    const meter = arrivalMeter(count);
    const driver = await open();
    const request = {
      ...{ subject, queueGroup: undefined, durableName: undefined, startAt: 'first', ackWaitMs: 30_000, maxInFlight },
      ...{ manualAck: true, resumeAt: () => 'first' },
    };
    await driver.subscribe(request, (message) => {
      JSON.parse(message.data.toString());
      message.ack();
      meter.onArrival();
    });
    const result = await meter.done;
    await driver.close();
    return result;
  },
});
