import { StanBroker } from 'nestjs-stan/broker';
import type { StanBrokerOptions } from 'nestjs-stan/broker';
import { onTestFinished } from 'vitest';

/** A broker without a port, on a virtual clock, for the running test. */
export async function startBroker(options: StanBrokerOptions = {}): Promise<StanBroker> {
  const broker = await StanBroker.start({ port: false, clock: 'virtual', ...options });
  onTestFinished(() => broker.close());
  return broker;
}
