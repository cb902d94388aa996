import { availableParallelism } from 'node:os';

import { maxControlLineBytes } from '../../nats/parser.js';
import type { MonitoringView } from '../view/monitoring-view.js';
import { uptime } from '../view/uptime.js';

/** Go writes durations as nanoseconds. */
const nanosecondsPerMs = 1_000_000;

/** Where the pages are served, and how often each was asked for. @internal */
export interface HttpFacts {
  readonly port: number;
  readonly requests: Readonly<Record<string, number>>;
}

/**
 * The NATS server: its settings and its counts. `go` names the runtime, which here is Node.
 * Source: nats-server 2.9.24 server/monitor.go Varz.
 * @internal
 */
export function varz(view: MonitoringView, http: HttpFacts): object {
  const { serverId, version, port, settings, startedMs, connections, traffic, ...counts } = view.natsFacts;
  const start = new Date(startedMs).toISOString();
  return {
    server_id: serverId,
    server_name: 'nestjs-stan',
    version,
    proto: 1,
    go: `node${process.version.slice(1)}`,
    host: settings.host,
    port,
    ...(settings.auth !== undefined && { auth_required: true }),
    ...(settings.tls !== undefined && { tls_required: true }),
    ...(settings.tls?.requestCert === true && { tls_verify: true }),
    max_connections: settings.maxConnections,
    ping_interval: settings.pingIntervalMs * nanosecondsPerMs,
    ping_max: settings.maxPingsOut,
    http_host: settings.host,
    http_port: http.port,
    http_base_path: '',
    https_port: 0,
    auth_timeout: settings.authTimeoutMs / 1_000,
    max_control_line: maxControlLineBytes,
    max_payload: settings.maxPayloadBytes,
    max_pending: settings.maxPendingBytes,
    cluster: {},
    gateway: {},
    leaf: {},
    mqtt: {},
    websocket: {},
    jetstream: {},
    tls_timeout: settings.authTimeoutMs / 1_000,
    write_deadline: 10_000 * nanosecondsPerMs,
    start,
    now: view.now,
    uptime: uptime(view.nowMs - startedMs),
    mem: process.memoryUsage.rss(),
    cores: availableParallelism(),
    gomaxprocs: availableParallelism(),
    cpu: 0,
    connections: connections.length,
    total_connections: counts.totalConnections,
    routes: 0,
    remotes: 0,
    leafnodes: 0,
    in_msgs: traffic.inMessages,
    out_msgs: traffic.outMessages,
    in_bytes: traffic.inBytes,
    out_bytes: traffic.outBytes,
    slow_consumers: counts.slowConsumers,
    subscriptions: counts.subjects.subscriptions,
    http_req_stats: http.requests,
    config_load_time: start,
    system_account: '$SYS',
    ocsp_peer_cache: {},
  };
}
