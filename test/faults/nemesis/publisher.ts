// The publishing process of the nemesis: numbers, one after the other, many at a time, until it is told to pause or end.
import 'reflect-metadata';
import { ClientStan } from '../../../lib/index.js';
import { quietFor } from '../../support/wait.js';
import { openHistory } from './history.js';
import { between, seededRandom } from './random.js';
import { driverOf, onCommand, publishTimeoutMs, readScene, sessionOptions, tell } from './scene.js';

/** Publishes that are open at a time. */
const width = 20;

const scene = readScene();
const record = openHistory(scene.historyFile);
const random = seededRandom(scene.seed);
const client = new ClientStan({
  ...sessionOptions,
  clusterId: scene.clusterId,
  clientId: scene.process,
  servers: scene.url,
  driver: driverOf(scene),
  publishTimeoutMs,
  drainTimeoutMs: publishTimeoutMs + 1_000,
});

let [nextId, open, paused, ended] = [scene.incarnation * 1_000_000, 0, false, false];

async function publish(id: number): Promise<void> {
  record({ type: 'publish', id });
  try {
    const { attempts } = await client.emitAsync(scene.subject, { id });
    record({ type: 'resolved', id, attempts, server: serverId() });
  } catch (error) {
    const { code, mayBeStored = false } = error as { code: string; mayBeStored?: boolean };
    record({ type: 'rejected', id, code, mayBeStored });
  }
}

/** The NATS client, or STAN's around one. */
type Native = Nats | { readonly nc: Nats };
interface Nats {
  readonly info: { readonly server_id: string };
}

let lastServerId = '';

/** Acks come over the connection that is open right now, and `info` is what its server said of itself. */
function serverId(): string {
  try {
    const native = client.unwrap<Native>();
    lastServerId = ('nc' in native ? native.nc : native).info.server_id;
  } catch {
    // The session died in the very turn that brought the ack; so it came over the connection known last.
  }
  return lastServerId;
}

function publishMore(): void {
  while (!paused && open < width) {
    open += 1;
    nextId += 1;
    // Each place rests before it is taken again: the faults are what is tested, not the disk that keeps the history.
    void publish(nextId)
      .then(() => quietFor(between(random, 20, 60)))
      .finally(() => {
        open -= 1;
        publishMore();
      });
  }
  if (paused && open === 0) tell('paused');
  if (ended && open === 0) void client.close().then(() => tell('closed'));
}

client.status.subscribe((status) => status === 'connected' && serverId());
onCommand((command) => {
  paused = command !== 'resume';
  ended ||= command === 'end';
  publishMore();
});
await client.connect();
tell('ready');
publishMore();
