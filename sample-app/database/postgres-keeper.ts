/**
 * A process of its own that holds the embedded Postgres. When the one that started it is gone, even by `kill -9`, the
 * channel between them closes and the database is stopped: nothing is left behind.
 */
import { EmbeddedPostgres } from './embedded-postgres.js';

const [folder = '', port = '0'] = process.argv.slice(2);
let stopping: Promise<void> | undefined;

try {
  const postgres = await EmbeddedPostgres.start({ folder, port: Number(port) });
  const stop = () => (stopping ??= postgres.stop());
  process.once('disconnect', () => void stop());
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void stop());
  void postgres.exited.then(() => {
    if (process.connected) process.disconnect();
  });
  if (process.connected) process.send?.({ type: 'ready', url: postgres.url, folder: postgres.folder });
  else void stop();
} catch (error) {
  process.exitCode = 1;
  process.send?.({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  if (process.connected) process.disconnect();
}
