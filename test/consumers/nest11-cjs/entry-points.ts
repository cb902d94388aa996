import 'reflect-metadata';
import { ServerStan, StanError } from 'nestjs-stan';
import { StanBroker } from 'nestjs-stan/broker';
import { StanTestHarness } from 'nestjs-stan/testing';

async function main(): Promise<void> {
  const broker = await StanBroker.start({ port: 0 });
  const server: ServerStan = new ServerStan({ clusterId: 'c', clientId: 'orders', servers: broker.url });
  const harness: typeof StanTestHarness.start = StanTestHarness.start;
  const isError: (error: unknown) => boolean = (error) => error instanceof StanError;
  if (typeof harness !== 'function' || isError(server)) throw new Error('an entry point is not whole');
  await broker.close();
}

void main();
