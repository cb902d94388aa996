/** A listener in a process of its own, so that it can be killed. */
import 'reflect-metadata';
import type { DemoEvent } from '../books.js';
import type { Way } from '../demo.js';
import { listenByHand } from '../listen-by-hand.js';
import { eventOf, listenNaively } from '../listen-naively.js';
import type { Listener } from '../listen-naively.js';
import { listenWithLibrary } from '../listen-with-library.js';
import type { ListenerSettings, MessageFromListener } from './listener-messages.js';

const settings = JSON.parse(process.argv[2] ?? '{}') as ListenerSettings;
const listeners: Readonly<Record<Way, () => Promise<Listener>>> = {
  naive: () =>
    listenNaively({
      server: settings,
      channel: settings.channel,
      onMessage: (message) => tell({ type: 'handled', event: eventOf<DemoEvent>(message) }),
    }),
  'by hand': () => listenByHand({ ...settings, server: settings, handle }),
  'with the library': () => listenWithLibrary({ ...settings, server: settings, handle }),
};
const listener = await listeners[settings.way]();
tell({ type: 'ready', clientId: listener.clientId });
process.once('disconnect', () => {
  void listener.close().then(() => process.exit());
  // The demo may have died together with its server, which then cannot answer.
  setTimeout(() => process.exit(), 5_000);
});

function handle(event: DemoEvent): void {
  tell({ type: 'handled', event });
}

function tell(message: MessageFromListener): void {
  process.send?.(message);
}
