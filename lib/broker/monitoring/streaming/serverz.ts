import { fileDescriptors } from './file-descriptors.js';
import { subscriptionCount } from '../view/monitoring-view.js';
import type { MonitoringView } from '../view/monitoring-view.js';
import { uptime } from '../view/uptime.js';

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
