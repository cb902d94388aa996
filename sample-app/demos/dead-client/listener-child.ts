import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { DemoEvent } from '../books.js';
import type { ListenerSettings, MessageFromListener } from './listener-messages.js';

/** A listener that runs in a child process. */
export class ListenerChild {
  private readonly exited: Promise<void>;

  private constructor(
    readonly clientId: string,
    private readonly child: ChildProcess,
  ) {
    this.exited = new Promise((resolve) => child.once('exit', () => resolve()));
  }

  /** Resolves when the listener has subscribed; `onHandled` gets every event that it has handled. */
  static async start(settings: ListenerSettings, onHandled: (event: DemoEvent) => void): Promise<ListenerChild> {
    const child = fork(new URL('./listener-process.js', import.meta.url), [JSON.stringify(settings)]);
    const clientId = await new Promise<string>((resolve, reject) => {
      child.on('message', (message: MessageFromListener) => {
        if (message.type === 'ready') resolve(message.clientId);
        else onHandled(message.event);
      });
      child.once('exit', (code) => reject(new Error(`the listener ended with ${String(code)}`)));
    });
    return new ListenerChild(clientId, child);
  }

  /** `kill -9`: nothing in the process has a last word. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /** Closes the subscription and the session, then the process ends. */
  async stop(): Promise<void> {
    if (this.child.connected) this.child.disconnect();
    await this.exited;
  }
}
