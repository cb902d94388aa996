import { expect, it } from 'vitest';

import { IncompatibleDependencyError } from '../../../../lib/core/errors/index.js';
import { connectOfRenamed } from '../../../support/renamed-vendor.js';
import { connectedScene } from './driver-scene.js';

it('what an installed package lacks is told once, however many sessions there are', async () => {
  const vendorConnect = connectOfRenamed({ nats: ['sendCommand', 'processInbound'] });
  const { broker, scene } = await connectedScene({}, { vendorConnect });
  for (const times of [1, 2]) {
    broker.faults.forgetClient('orders');
    scene.publish('a');
    await scene.happenedTimes('sessionRestored', times);
  }
  const lacking = scene.events.flatMap((event) =>
    event.type === 'warning' && event.error instanceof IncompatibleDependencyError ? [event.error.member] : [],
  );
  expect(lacking).toEqual(['Client.sendCommand', 'Client.processInbound']);
});
