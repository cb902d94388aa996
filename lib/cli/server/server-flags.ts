import { brokerLimitsDefaults, stanBrokerDefaults } from '../../broker/index.js';
import { parseGoBoolean, parseGoDuration, parseSize } from './go-values.js';
import type { ServerSettings } from './server-settings.js';
import { UsageError } from './usage.error.js';

/** One flag: every name it goes by, and what it does. @internal */
export interface ServerFlag {
  readonly names: readonly [string, ...string[]];
  /** What stands for the value in the help text; a flag without one is a switch. */
  readonly value?: string;
  readonly help: string;
  /** @throws UsageError for a value that the flag cannot take */
  apply(settings: ServerSettings, text: string, shown: string): void;
}

/** The settings of a command line without flags: the real server's own, but for loopback only. @internal */
export function defaultSettings(): ServerSettings {
  const { maxChannels, maxSubscriptions, maxMessages, maxBytes, maxAgeMs, maxInactivityMs } = brokerLimitsDefaults;
  const { port, host, clusterId, heartbeatIntervalMs, heartbeatTimeoutMs, maxFailedHeartbeats } = stanBrokerDefaults;
  return {
    ...{ port, host, clusterId, heartbeatIntervalMs, heartbeatTimeoutMs, maxFailedHeartbeats },
    ...{ maxChannels, maxSubscriptions, maxMessages, maxBytes, maxAgeMs, maxInactivityMs },
    monitoringPort: undefined,
    store: 'MEMORY',
    directory: undefined,
    user: undefined,
    password: undefined,
    token: undefined,
    debug: false,
    showHelp: false,
    showVersion: false,
  };
}

/** Every flag, in the order of the help text. @internal */
export const serverFlags: readonly ServerFlag[] = [
  number(['p', 'port'], 'port for clients; 0 takes a free one', (settings, port) => (settings.port = port)),
  number(['m', 'http_port'], 'port of the monitoring endpoints', (settings, port) => (settings.monitoringPort = port)),
  text(['a', 'addr'], '<host>', 'address to listen on', (settings, host) => (settings.host = host)),
  text(['cid', 'cluster_id'], '<id>', 'cluster id that clients name', (settings, id) => (settings.clusterId = id)),
  {
    names: ['st', 'store'],
    value: '<MEMORY|FILE>',
    help: 'where state is kept',
    apply: (settings, value, shown) => (settings.store = storeType(value, shown)),
  },
  text(['dir'], '<folder>', 'folder of the file store', (settings, folder) => (settings.directory = folder)),
  duration(
    ['hbi', 'hb_interval'],
    'how often clients get a heartbeat',
    (settings, ms) => (settings.heartbeatIntervalMs = ms),
  ),
  duration(
    ['hbt', 'hb_timeout'],
    'how long a client has to answer it',
    (settings, ms) => (settings.heartbeatTimeoutMs = ms),
  ),
  number(['hbf', 'hb_fail_count'], 'failed heartbeats before a client is closed', (settings, count) => {
    settings.maxFailedHeartbeats = count;
  }),
  number(['mc', 'max_channels'], 'channels; 0 means no limit', (settings, count) => (settings.maxChannels = count)),
  number(
    ['msu', 'max_subs'],
    'subscriptions per channel; 0: no limit',
    (settings, count) => (settings.maxSubscriptions = count),
  ),
  number(['mm', 'max_msgs'], 'messages per channel; 0: no limit', (settings, count) => (settings.maxMessages = count)),
  {
    names: ['mb', 'max_bytes'],
    value: '<size>',
    help: 'bytes per channel, such as 64MB; 0: no limit',
    apply: (settings, value, shown) =>
      (settings.maxBytes = checked(parseSize(value), value, shown, 'a size such as 1024 or 64MB')),
  },
  duration(['ma', 'max_age'], 'how long a message is kept; 0s: for ever', (settings, ms) => (settings.maxAgeMs = ms)),
  duration(['mi', 'max_inactivity'], 'an unused channel is deleted after it; 0s: never', (settings, ms) => {
    settings.maxInactivityMs = ms;
  }),
  text(['user'], '<name>', 'user that clients must show', (settings, user) => (settings.user = user)),
  text(['pass'], '<password>', 'and its password', (settings, password) => (settings.password = password)),
  text(['auth'], '<token>', 'token that clients must show', (settings, token) => (settings.token = token)),
  onOff(['SD', 'stan_debug'], 'print what the server does', (settings, on) => (settings.debug ||= on)),
  onOff(
    ['SDV', 'SV', 'stan_trace', 'D', 'debug', 'V', 'trace', 'DV'],
    'the same',
    (settings, on) => (settings.debug ||= on),
  ),
  onOff(['T', 'logtime'], 'taken and ignored: lines always have their time', () => undefined),
  onOff(['h', 'help'], 'print this text', (settings, on) => (settings.showHelp = on)),
  onOff(['v', 'version'], 'print the version', (settings, on) => (settings.showVersion = on)),
];

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
  'replace_durable P pid l log s syslog r remote_syslog syslog_name',
].flatMap((names) => names.split(' '));

/** A flag's name as people type it: the short ones with one dash. @internal */
export function spell(name: string): string {
  return name.length > 3 ? `--${name}` : `-${name}`;
}

type Names = ServerFlag['names'];

function text(
  names: Names,
  value: string,
  help: string,
  apply: (settings: ServerSettings, text: string) => void,
): ServerFlag {
  return {
    names,
    value,
    help,
    apply: (settings, given, shown) => {
      if (given === '') throw new UsageError(`${shown} needs a value`);
      apply(settings, given);
    },
  };
}

function number(names: Names, help: string, apply: (settings: ServerSettings, value: number) => void): ServerFlag {
  return {
    names,
    value: '<number>',
    help,
    apply: (settings, given, shown) => {
      const parsed = /^\d+$/.test(given) ? Number(given) : undefined;
      apply(settings, checked(parsed, given, shown, 'a whole number, 0 or more'));
    },
  };
}

function duration(names: Names, help: string, apply: (settings: ServerSettings, ms: number) => void): ServerFlag {
  return {
    names,
    value: '<duration>',
    help,
    apply: (settings, given, shown) =>
      apply(settings, checked(parseGoDuration(given), given, shown, 'a duration such as 5s or 1m30s')),
  };
}

function onOff(names: Names, help: string, apply: (settings: ServerSettings, on: boolean) => void): ServerFlag {
  return {
    names,
    help,
    apply: (settings, given, shown) => apply(settings, checked(parseGoBoolean(given), given, shown, 'true or false')),
  };
}

function storeType(value: string, shown: string): ServerSettings['store'] {
  const type = value.toUpperCase();
  if (type === 'MEMORY' || type === 'FILE') return type;
  if (type === 'SQL') throw new UsageError(`${shown} SQL: the embedded broker keeps its state in MEMORY or FILE`);
  throw new UsageError(`${shown} takes MEMORY or FILE, got "${value}"`);
}

function checked<T>(parsed: T | undefined, given: string, shown: string, expected: string): T {
  if (parsed === undefined) throw new UsageError(`${shown} takes ${expected}, got "${given}"`);
  return parsed;
}
