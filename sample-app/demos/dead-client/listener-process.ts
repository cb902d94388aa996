/** A listener in a process of its own, so that it can be killed. */
import 'reflect-metadata';
import type { DemoEvent } from '../books.js';
import { listenGuarded } from '../listen-guarded.js';
import { eventOf, listenNaively } from '../listen-naively.js';
import type { Listener } from '../listen-naively.js';
import type { ListenerSettings, MessageFromListener } from './listener-messages.js';

const settings = JSON.parse(process.argv[2] ?? '{}') as ListenerSettings;
const listener = await (settings.style === 'naive' ? naive() : guarded());
tell({ type: 'ready', clientId: listener.clientId });
process.once('disconnect', () => {
  void listener.close().then(() => process.exit());
  // The demo may have died together with its server, which then cannot answer.
  setTimeout(() => process.exit(), 5_000);
});

function naive(): Promise<Listener> {
  return listenNaively({
    server: settings,
    channel: settings.channel,
    onMessage: (message) => tell({ type: 'handled', event: eventOf<DemoEvent>(message) }),
  });
}

function guarded(): Promise<Listener> {
  return listenGuarded({
    server: settings,
    channel: settings.channel,
    clientId: settings.clientId,
    handle: (event) => tell({ type: 'handled', event }),
  });
}

function tell(message: MessageFromListener): void {
  process.send?.(message);
}
