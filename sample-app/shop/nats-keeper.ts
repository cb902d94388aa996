/**
 * A process of its own that holds nats-server, as postgres-keeper.ts holds Postgres: Ctrl-C reaches the terminal's whole
 * process group, and the event bus must outlive the services that drain. It stops when the one that started it is gone.
 */
import { startNatsServer } from './nats-server.js';

const [port = '0'] = process.argv.slice(2);
let stopping: Promise<void> | undefined;

try {
  const server = await startNatsServer(Number(port));
  const stop = () => (stopping ??= server.stop());
  process.once('disconnect', () => void stop());
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void stop());
  void server.exited.then(() => {
    if (process.connected) process.disconnect();
  });
  if (process.connected) process.send?.({ type: 'ready', url: server.url });
  else void stop();
} catch (error) {
  process.exitCode = 1;
  process.send?.({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  if (process.connected) process.disconnect();
}
