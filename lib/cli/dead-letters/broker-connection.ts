import { hostname, userInfo } from 'node:os';
import { chosenDriver } from '../../core/driver/driver-choice.js';
import type { Driver } from '../../core/driver/driver.js';
import { resolveConnectionOptions, resolvePublishOptions, uniqueClientId } from '../../core/options/index.js';
import type { PublishOutcome } from '../../core/publishing/publish-entry.js';
import { PublishLedger } from '../../core/publishing/publish-ledger.js';
import { StanDriver } from '../../drivers/stan/stan-driver.js';
import { stanOptionNames } from '../../drivers/stan/stan-option-names.js';
import { jetstream } from '../../jetstream/jetstream.js';
import type { CliIo } from '../io/cli-io.js';
import { printMessage } from '../io/cli-io.js';

/**
 * Which server a command talks to, and as whom.
 * @internal
 */
export interface BrokerConnectionOptions {
  readonly servers: string;
  readonly cluster: string;
  readonly driver?: 'stan' | 'jetstream';
  readonly clientId?: string;
  /** How long the server may stay away, in milliseconds. */
  readonly timeout: number;
}

/**
 * A session with the server, for the time of one command.
 * @internal
 */
export interface BrokerConnection {
  readonly driver: Driver;
  /** Resolves once the server has stored the bytes; rejects with a StanError. */
  publish(subject: string, data: Buffer, headerText?: string): Promise<void>;
}

/**
 * Opens a session, lets `work` use it and closes it in every case. Failed attempts are reported on stderr.
 * @internal
 */
export async function withBrokerConnection<T>(
  { servers, cluster, driver: kind, clientId, timeout }: BrokerConnectionOptions,
  io: CliIo,
  work: (connection: BrokerConnection) => Promise<T>,
): Promise<T> {
  const connection = resolveConnectionOptions(
    {
      clusterId: cluster,
      clientId: clientId ?? uniqueClientId('nestjs-stan-cli'),
      servers,
      driver: kind === 'jetstream' ? jetstream() : undefined,
      reconnect: { firstConnectTimeoutMs: timeout, giveUpAfterMs: timeout },
    },
    stanOptionNames,
  );
  const driver = chosenDriver(connection) ?? new StanDriver(connection);
  driver.on((event) => {
    if (event.type !== 'connectAttemptFailed') return;
    const { attempt, error, retryInMs } = event;
    printMessage(
      io.stderr,
      `connect attempt ${String(attempt)} failed: ${error.message}; next in ${String(retryInMs)} ms`,
    );
  });
  try {
    await driver.connect();
    const ledger = new PublishLedger({ driver, options: resolvePublishOptions() });
    return await work({
      driver,
      publish: (subject, data, headerText) => publishWith(ledger, { subject, data, headerText }),
    });
  } finally {
    await driver.close();
  }
}

/**
 * The client id under which dead letters are changed: the same for everybody, so that the server lets only one person at
 * a time replay or drop those of one subject.
 * @internal
 */
export function lockingClientId(subject: string): string {
  return `nestjs-stan-dead-letters-${subject.replace(/[^a-zA-Z0-9_-]/g, '_')}`;
}

/** @internal */
export function currentPerson(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A container may run under a user id that has no name.
    return `unknown@${hostname()}`;
  }
}

interface ToPublish {
  readonly subject: string;
  readonly data: Buffer;
  readonly headerText: string | undefined;
}

function publishWith(ledger: PublishLedger, { subject, data, headerText }: ToPublish): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle: PublishOutcome['settle'] = (error) => {
      if (error === undefined) resolve();
      else reject(error);
    };
    ledger.publish(subject, data, { settle }, headerText);
  });
}
