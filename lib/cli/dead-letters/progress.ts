import { SingleBar } from 'cli-progress';
import type { CliIo } from '../io/cli-io.js';

/** Work that is over sooner shows no bar at all. */
const showAfterMs = 500;

/**
 * Shows how far a long piece of work has come, on a terminal only.
 * @internal
 */
export class Progress {
  private bar: SingleBar | undefined;
  private done = 0;
  private readonly startedAt = performance.now();

  constructor(
    private readonly total: number,
    private readonly stream: CliIo['stderr'],
  ) {}

  step(): void {
    this.done += 1;
    if (this.bar === undefined && this.isWorthwhile()) this.bar = this.startBar();
    this.bar?.update(this.done);
  }

  stop(): void {
    this.bar?.stop();
  }

  private isWorthwhile(): boolean {
    return this.stream.isTTY === true && performance.now() - this.startedAt >= showAfterMs;
  }

  private startBar(): SingleBar {
    const format = '{bar} {value}/{total}  {eta_formatted} left';
    // Cursor and line wrapping stay as they are: Ctrl-C would leave the terminal without them.
    const bar = new SingleBar({ format, stream: this.stream, linewrap: true, clearOnComplete: true });
    bar.start(this.total, this.done);
    return bar;
  }
}
