export type { StanMonitoringOptions } from './monitoring-options.js';
export { StanLag, StanLagOptions } from './stan-lag.js';
export { StanMonitoring, type PageQuery, type RowQuery } from './stan-monitoring.js';
export type { LagOf, SubscriptionLag } from './subscription-lag.js';
export type {
  ChannelLimits,
  Channelsz,
  Channelz,
  Clientsz,
  Clientz,
  Page,
  Serverz,
  Storez,
  Subscriptionz,
} from './streaming-facts.js';
