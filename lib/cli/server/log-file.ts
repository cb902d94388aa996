import { createWriteStream, openSync } from 'node:fs';
import { Writable } from 'node:stream';

import { BrokerStartError } from '../../broker/index.js';

/**
 * The file that takes the server's log in place of the terminal. A write that fails later, on a full disk, ends the log
 * and not the server.
 * @internal
 */
export class LogFile extends Writable {
  private readonly file: Writable;
  private failed = false;

  /** @throws BrokerStartError (STAN_BROKER_START_FAILED) where the file cannot be written */
  constructor(
    path: string,
    private readonly reportFailure: (message: string) => void,
  ) {
    super({ decodeStrings: false });
    this.file = createWriteStream(path, { fd: openForAppending(path) });
    this.file.on('error', (error) => this.fail(error));
  }

  override _write(line: string | Buffer, encoding: BufferEncoding, done: () => void): void {
    if (!this.failed) this.file.write(line, encoding);
    done();
  }

  override _final(done: () => void): void {
    if (this.failed) done();
    else this.file.end(() => done());
  }

  private fail({ message }: Error): void {
    if (!this.failed) this.reportFailure(`error: the log ends here: ${message}`);
    this.failed = true;
  }
}

function openForAppending(path: string): number {
  try {
    return openSync(path, 'a');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BrokerStartError(`cannot write the log: ${reason}; name a file that this user may write`, {
      cause: error,
    });
  }
}
