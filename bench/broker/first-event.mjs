import { fork } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';

const script = fileURLToPath(import.meta.url);
const door = process.env.BENCH_DOOR ?? join(import.meta.dirname, '..', '..', 'dist', 'lib', 'broker', 'index.js');

/** Measures in a new process, so that nothing is warm. */
export function firstEventMs() {
  return new Promise((resolve, reject) => {
    const child = fork(script, ['measure']);
    child.once('message', resolve);
    child.once('error', reject);
  });
}

async function measure() {
  const { StanBroker } = await import(pathToFileURL(door).href);
  const { connect, disconnect, subscribe } = await import('./client.mjs');
  const once = async () => {
    const startedAt = performance.now();
    const broker = await StanBroker.start({ port: 0, clusterId: 'bench' });
    const client = await connect(broker.url);
    const elapsed = await new Promise((resolve, reject) => {
      subscribe(client, 'first', () => resolve(performance.now() - startedAt)).then(
        () => client.publish('first', 'event', (error) => error && reject(error)),
        reject,
      );
    });
    await disconnect(client);
    await broker.close();
    return elapsed;
  };
  const firstMs = await once();
  await once();
  const againMs = await once();
  process.send({ firstMs, againMs });
  process.disconnect();
}

if (process.argv[1] === script && process.argv[2] === 'measure') await measure();
