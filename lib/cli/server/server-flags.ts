import type { DeclaredFlag, FlagKind } from '../../core/option-rules/flag.decorator.js';
import { parseGoBoolean, parseGoDuration, parseSize } from './go-values.js';
import type { ServerSettings } from './server-settings.js';
import { brokerFlags, commandFlags, limitFlags } from './server-settings.js';
import { UsageError } from '../io/usage.error.js';

/** Every flag, in the order of the help text. @internal */
export const serverFlags: readonly DeclaredFlag[] = [...brokerFlags, ...limitFlags, ...commandFlags];

/** How the value of each kind of flag is read, and what it is called. */
const kinds: Readonly<Record<FlagKind, FlagType>> = {
  text: { expected: 'a text', read: (text) => text },
  number: {
    value: '<number>',
    expected: 'a whole number, 0 or more',
    read: (text) => (/^\d+$/.test(text) ? Number(text) : undefined),
  },
  duration: { value: '<duration>', expected: 'a duration such as 5s or 1m30s', read: parseGoDuration },
  size: { value: '<size>', expected: 'a size such as 1024 or 64MB', read: parseSize },
  switch: { expected: 'true or false', read: parseGoBoolean },
};

interface FlagType {
  readonly value?: string;
  /** Completes "takes …". */
  readonly expected: string;
  /** `undefined` for what is not of this kind. */
  readonly read: (text: string) => unknown;
}

/** What stands for a flag's value in the help text; `undefined` for a switch. @internal */
export function valueName({ kind, value }: DeclaredFlag): string | undefined {
  return value ?? kinds[kind].value;
}

/**
 * Sets what a flag sets.
 * @param shown - the flag as it was typed
 * @throws UsageError for a value that the flag cannot take
 * @internal
 */
export function applyFlag(flag: DeclaredFlag, settings: ServerSettings, text: string, shown: string): void {
  const { read, expected } = kinds[flag.kind];
  if (flag.kind === 'text' && text === '') throw new UsageError(`${shown} needs a value`);
  const value = flag.oneOf === undefined ? read(text) : oneOf(flag.oneOf, text, shown);
  if (value === undefined) throw new UsageError(`${shown} takes ${expected}, got "${text}"`);
  Object.assign(settings, { [flag.option]: value });
}

function oneOf(allowed: readonly string[], text: string, shown: string): string {
  const value = text.toUpperCase();
  if (allowed.includes(value)) return value;
  const names = allowed.join(' or ');
  if (value === 'SQL') throw new UsageError(`${shown} SQL: the embedded broker keeps its state in ${names}`);
  throw new UsageError(`${shown} takes ${names}, got "${text}"`);
}

/** Flags of nats-streaming-server that mean something the embedded broker does not have. @internal */
export const foreignFlags: readonly string[] = [
  'ft_group clustered cluster_node_id cluster_bootstrap cluster_peers routes cluster_log_path',
  'cluster_sync cluster cluster_allow_add_remove_node cluster_log_cache_size cluster_log_snapshots',
  'cluster_raft_logging cluster_trailing_logs',
  'file_compact_enabled file_buffer_size file_crc file_sync file_fds_limit file_auto_sync',
  'file_compact_frag file_compact_interval file_compact_min_size file_crc_poly file_parallel_recovery',
  'file_read_buffer_size file_slice_archive_script file_slice_max_age file_slice_max_bytes',
  'file_slice_max_msgs file_truncate_bad_eof',
  'sql_driver sql_source sql_no_caching sql_max_open_conns sql_bulk_insert_limit',
  'secure tls_client_key tls_client_cert tls_client_cacert tls tlscert tlskey tlsverify tlscacert ms',
  'https_port help_tls',
  'ns nats_server sc stan_config c config sl signal encrypt encryption_cipher encryption_key',
  'replace_durable P pid s syslog r remote_syslog syslog_name',
].flatMap((names) => names.split(' '));

/** A flag's name as people type it: the short ones with one dash. @internal */
export function spell(name: string): string {
  return name.length > 3 ? `--${name}` : `-${name}`;
}
