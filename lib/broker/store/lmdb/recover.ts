import type { ClientRecord, RecoveredSubscription, ServerRecord } from '../store.js';
import { appliedKey, channelOf, firstNumberOf, formatKey, rangeOf, secondNumberOf, serverKey } from './keys.js';
import type { LmdbEnvironment } from './lmdb-environment.js';
import type { FoundLog } from './lmdb-message-log.js';
import { MessageBlock } from './message-block.js';
import { sequencesOf } from './pending-blocks.js';
import {
  openApplied,
  openChannel,
  openClient,
  openPending,
  openRecord,
  openServer,
  openSubscription,
  RowDamagedError,
} from './rows.js';
import type { AppliedRow, FormatRow } from './rows.js';

/** The layout that this release reads and writes. @internal */
export const currentFormat: FormatRow = { format: 'nestjs-stan broker', version: 2 };

/** @internal */
export interface FoundChannel {
  readonly channel: number;
  readonly name: string;
  readonly log: FoundLog;
  readonly subscriptions: readonly RecoveredSubscription[];
}

/** Everything in a data file, checked row by row. @internal */
export interface FoundState {
  /** Undefined in a new file. */
  readonly server: ServerRecord | undefined;
  readonly clients: readonly ClientRecord[];
  readonly channels: readonly FoundChannel[];
  /** Channels whose rows are still to be removed. */
  readonly deleted: readonly number[];
}

/**
 * How much of the write-ahead log the file has; undefined for a new file.
 * @throws RowDamagedError for a file of another layout
 * @internal
 */
export function readApplied(environment: LmdbEnvironment): AppliedRow | undefined {
  const format = environment.getBinary(formatKey);
  if (format === undefined) {
    if (!isEmpty(environment)) throw new RowDamagedError('it is an LMDB file that no broker wrote');
    return undefined;
  }
  checkFormat(format);
  const applied = environment.getBinary(appliedKey);
  if (applied === undefined) throw new RowDamagedError('it does not say which part of its write-ahead log it has');
  return openApplied(applied);
}

/**
 * Reads the whole file, after {@link readApplied}.
 * @throws RowDamagedError for anything that this release did not write in this form
 * @internal
 */
export function recover(environment: LmdbEnvironment): FoundState {
  if (hasNoState(environment)) return { server: undefined, clients: [], channels: [], deleted: [] };
  const server = environment.getBinary(serverKey);
  if (server === undefined) throw new RowDamagedError('it does not name the cluster whose state it holds');
  return {
    server: openServer(server),
    clients: [...environment.getRange(rangeOf('client'))].map(({ key, value }) =>
      openClient(value, key.toString('utf8', 1)),
    ),
    channels: [...environment.getRange(rangeOf('channel'))].map(({ key, value }) =>
      recoverChannel(environment, channelOf(key), value),
    ),
    deleted: [...environment.getKeys(rangeOf('deleted'))].map(channelOf),
  };
}

function isEmpty(environment: LmdbEnvironment): boolean {
  return [...environment.getKeys({ limit: 1 })].length === 0;
}

/** Whether there is nothing but what the first opening has written. */
function hasNoState(environment: LmdbEnvironment): boolean {
  const keys = [...environment.getKeys({ limit: 3 })];
  return keys.every((key) => key.equals(appliedKey) || key.equals(formatKey));
}

function checkFormat(row: Buffer): void {
  const { format, version } = openRecord(row, 'the format stamp');
  if (format !== currentFormat.format) throw new RowDamagedError(`its format is "${String(format)}"`);
  if (version !== currentFormat.version) {
    throw new RowDamagedError(
      `its format has version ${String(version)}, and this release reads ${String(currentFormat.version)}, so that only the release that wrote it can use it`,
    );
  }
}

function recoverChannel(environment: LmdbEnvironment, channel: number, row: Buffer): FoundChannel {
  const { name, firstSequence, lastSequence } = openChannel(row, channel);
  const bytes = checkMessages(environment, channel, name, firstSequence, lastSequence);
  const subscriptions = recoverSubscriptions(environment, channel, lastSequence);
  return { channel, name, log: { firstSequence, lastSequence, bytes }, subscriptions };
}

/** Returns the bytes held; throws where a message is missing, damaged, or one too many. */
function checkMessages(
  environment: LmdbEnvironment,
  channel: number,
  name: string,
  first: number,
  last: number,
): number {
  let bytes = 0;
  let expected = first;
  for (const { key, value } of environment.getRange(rangeOf('message', channel))) {
    const lastSequence = firstNumberOf(key);
    const what = `the row of message ${String(lastSequence)} of channel ${name}`;
    const block = MessageBlock.open(channel, lastSequence, value, what);
    // Of the first block a limit may have removed some messages.
    const isNext = expected === first ? block.has(expected) : block.firstSequence === expected;
    if (!isNext) throw new RowDamagedError(`message ${String(expected)} of channel ${name} is missing`);
    for (; expected <= lastSequence; expected += 1) bytes += block.lengthOf(expected);
  }
  const isWhole = last === 0 ? expected === first : expected === last + 1;
  if (!isWhole) throw new RowDamagedError(`channel ${name} ends at ${String(expected - 1)} and not at ${String(last)}`);
  return bytes;
}

/** The unacked sequences of each subscription, ascending. */
function recoverPending(environment: LmdbEnvironment, channel: number): Map<number, number[]> {
  const pending = new Map<number, number[]>();
  for (const { key, value } of environment.getRange(rangeOf('pending', channel))) {
    const id = firstNumberOf(key);
    const bits = openPending(value, `the row of unacked deliveries of subscription ${String(id)}`);
    const sequences = pending.get(id) ?? [];
    pending.set(id, sequences);
    for (const sequence of sequencesOf(secondNumberOf(key), bits)) sequences.push(sequence);
  }
  return pending;
}

function recoverSubscriptions(
  environment: LmdbEnvironment,
  channel: number,
  lastSequence: number,
): RecoveredSubscription[] {
  const pending = recoverPending(environment, channel);
  const found: RecoveredSubscription[] = [];
  for (const { key, value } of environment.getRange(rangeOf('subscription', channel))) {
    const id = firstNumberOf(key);
    const sequences = pending.get(id) ?? [];
    pending.delete(id);
    if ((sequences.at(-1) ?? 0) > lastSequence)
      throw new RowDamagedError(`subscription ${String(id)} waits for a message that does not exist`);
    found.push({ record: openSubscription(value, id), pending: sequences });
  }
  const [orphan] = pending.keys();
  if (orphan !== undefined)
    throw new RowDamagedError(`deliveries of a subscription ${String(orphan)} that does not exist`);
  return found;
}
