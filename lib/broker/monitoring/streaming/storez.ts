import type { ResolvedChannelLimits } from '../../options/channel-limits.js';
import type { MonitoringView } from '../view/monitoring-view.js';

const nsPerMs = 1_000_000;

/** What is stored, and within which limits. Durations are in nanoseconds, as on the real server. @internal */
export function storez(view: MonitoringView): object {
  const { limits } = view.streaming.settings;
  const channels = Object.fromEntries(limits.configured.map((entry) => [entry.pattern, describe(entry.limits)]));
  return {
    ...view.head,
    type: view.streaming.storeType,
    limits: {
      max_channels: limits.maxChannels,
      ...describe(limits.global),
      ...(Object.keys(channels).length > 0 && { channels }),
    },
    ...view.totals,
  };
}

function describe(limits: ResolvedChannelLimits): object {
  return {
    max_msgs: limits.maxMessages,
    max_bytes: limits.maxBytes,
    max_age: limits.maxAgeMs * nsPerMs,
    max_subscriptions: limits.maxSubscriptions,
    max_inactivity: limits.maxInactivityMs * nsPerMs,
  };
}
