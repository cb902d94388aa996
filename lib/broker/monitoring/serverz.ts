import { fileDescriptors } from './file-descriptors.js';
import { subscriptionCount, type MonitoringView } from './monitoring-view.js';

/** The server whose protocol and rules the broker follows. */
const followedVersion = '0.25.6';

/** The server as a whole. `go` names the runtime, which here is Node. @internal */
export function serverz(view: MonitoringView): object {
  const { streaming } = view;
  const { traffic, clock, startedMs } = streaming;
  const channels = streaming.channels.all();
  return {
    cluster_id: streaming.settings.clusterId,
    server_id: streaming.serverId,
    version: followedVersion,
    go: `node${process.version.slice(1)}`,
    state: 'STANDALONE',
    now: view.now,
    start_time: new Date(startedMs).toISOString(),
    uptime: uptime(clock.nowMs() - startedMs),
    clients: streaming.clients.count,
    subscriptions: channels.reduce((sum, channel) => sum + subscriptionCount(channel), 0),
    channels: channels.length,
    ...view.totals,
    in_msgs: traffic.inMessages,
    in_bytes: traffic.inBytes,
    out_msgs: traffic.outMessages,
    out_bytes: traffic.outBytes,
    ...fileDescriptors(),
  };
}

/** Whole units from the largest that is not zero: `1d2h3m4s`. */
function uptime(elapsedMs: number): string {
  const seconds = Math.max(Math.floor(elapsedMs / 1_000), 0);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  const years = Math.floor(days / 365);
  const parts: [number, string][] = [
    [years, 'y'],
    [days % 365, 'd'],
    [hours % 24, 'h'],
    [minutes % 60, 'm'],
    [seconds % 60, 's'],
  ];
  const from = parts.findIndex(([value]) => value > 0);
  return (from < 0 ? parts.slice(-1) : parts.slice(from)).map(([value, unit]) => `${value}${unit}`).join('');
}
