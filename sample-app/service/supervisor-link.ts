import { Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { Faults, MessageFromService, MessageToService } from './service-messages.js';
import { noFaults } from './service-messages.js';

/**
 * The line to the process that started this one, `npm start`. An instance that was started by hand, or in a container,
 * has none: then nothing is told, and nothing goes wrong on purpose.
 */
@Injectable()
export class SupervisorLink implements OnApplicationShutdown {
  private current: Faults = noFaults;
  private stop: () => void = () => undefined;
  private endTask: () => Promise<void> = () => Promise.resolve();

  constructor() {
    process.on('message', (message: MessageToService) => {
      if (message.type === 'stop') this.stop();
      else this.setFaults({ ...this.current, ...message.faults });
    });
    process.once('disconnect', () => this.stop());
  }

  /** What goes wrong on purpose at the moment. */
  get faults(): Faults {
    return this.current;
  }

  /** True for as many calls as the next events have to fail. */
  takeFailure(): boolean {
    if (this.current.failNext === 0) return false;
    this.setFaults({ ...this.current, failNext: this.current.failNext - 1 });
    return true;
  }

  tell(message: MessageFromService): void {
    // The callback takes the error of a line that was cut in this moment, which would otherwise be thrown.
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  }

  /** Calls `stop` when the supervisor asks for it or is gone, so that no service outlives it. */
  onStop(stop: () => void): void {
    this.stop = stop;
  }

  /** Has `task` done when everything else has been closed, whoever ends the process. */
  atEnd(task: () => Promise<void>): void {
    this.endTask = task;
  }

  /** An open line would keep the process alive after everything else has been closed. */
  async onApplicationShutdown(): Promise<void> {
    await this.endTask();
    this.stop = () => undefined;
    if (process.connected) process.disconnect();
  }

  private setFaults(faults: Faults): void {
    this.current = faults;
    this.tell({ type: 'faults', faults });
  }
}
