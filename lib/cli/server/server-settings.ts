import { Flag, flagsOf } from '../../core/option-rules/flag.decorator.js';
import type { DeclaredFlag } from '../../core/option-rules/flag.decorator.js';
import { BrokerLimits } from '../../broker/options/broker-limits.js';
import { StanBrokerOptions } from '../../broker/options/stan-broker.options.js';

const storeTypes = ['MEMORY', 'FILE'] as const;

/**
 * What the command line says besides the broker's own options.
 * @internal
 */
export class CommandOptions {
  @Flag({
    kind: 'text',
    names: ['st', 'store'],
    value: '<MEMORY|FILE>',
    oneOf: storeTypes,
    help: 'where state is kept',
  })
  store: (typeof storeTypes)[number] = 'MEMORY';

  @Flag({ kind: 'text', names: ['dir'], value: '<directory>', help: 'directory of the file store' })
  directory: string | undefined = undefined;

  @Flag({ kind: 'text', names: ['user'], value: '<name>', help: 'user name required from clients' })
  user: string | undefined = undefined;

  @Flag({ kind: 'text', names: ['pass'], value: '<password>', help: 'password required from clients' })
  password: string | undefined = undefined;

  @Flag({ kind: 'text', names: ['auth'], value: '<token>', help: 'token required from clients' })
  token: string | undefined = undefined;

  @Flag({ kind: 'text', names: ['l', 'log'], value: '<file>', help: 'log file; lines are appended' })
  logFile: string | undefined = undefined;

  /** Prints what the broker does, message by message. */
  @Flag({ kind: 'switch', names: ['SDV', 'SV', 'stan_trace', 'D', 'debug', 'V', 'trace', 'DV'], help: 'the same' })
  @Flag({ kind: 'switch', names: ['SD', 'stan_debug'], help: 'print what the server does' })
  debug = false;

  @Flag({ kind: 'switch', names: ['T', 'logtime'], help: 'accepted and ignored: lines always have a timestamp' })
  logTime = true;

  @Flag({ kind: 'switch', names: ['h', 'help'], help: 'print this help' })
  showHelp = false;

  @Flag({ kind: 'switch', names: ['v', 'version'], help: 'print the version' })
  showVersion = false;
}

type Mutable<Options> = { -readonly [Name in keyof Options]-?: Options[Name] };
type NotFromFlags = 'limits' | 'auth' | 'tls' | 'store' | 'clock' | 'logger';

/** What the command line of `nestjs-stan server` says. @internal */
export interface ServerSettings
  extends Mutable<Omit<StanBrokerOptions, NotFromFlags>>, Mutable<Omit<BrokerLimits, 'channels'>>, CommandOptions {}

/** The options of the broker that a flag sets. @internal */
export const brokerFlags: readonly DeclaredFlag[] = flagsOf(StanBrokerOptions);
/** The limits that a flag sets. @internal */
export const limitFlags: readonly DeclaredFlag[] = flagsOf(BrokerLimits);
/** @internal */
export const commandFlags: readonly DeclaredFlag[] = flagsOf(CommandOptions);

/** The settings of a command line without flags: the real server's own, but for loopback only. @internal */
export function defaultSettings(): ServerSettings {
  return { ...new StanBrokerOptions(), ...new BrokerLimits(), ...new CommandOptions() } as ServerSettings;
}
