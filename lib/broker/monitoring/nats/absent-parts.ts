import type { MonitoringView } from '../view/monitoring-view.js';

/** What the pages say of parts that this server does not have, as a real server that does not use them says it. */

/** @internal */
export function routez(view: MonitoringView): object {
  return { server_id: view.natsFacts.serverId, server_name: '', now: view.now, num_routes: 0, routes: [] };
}

/** @internal */
export function gatewayz(view: MonitoringView): object {
  return { server_id: view.natsFacts.serverId, now: view.now, outbound_gateways: {}, inbound_gateways: {} };
}

/** @internal */
export function leafz(view: MonitoringView): object {
  return { server_id: view.natsFacts.serverId, now: view.now, leafnodes: 0, leafs: null };
}

/** @internal */
export function jsz(view: MonitoringView): object {
  return {
    server_id: view.natsFacts.serverId,
    now: view.now,
    disabled: true,
    config: { max_memory: 0, max_storage: 0 },
    memory: 0,
    storage: 0,
    reserved_memory: 0,
    reserved_storage: 0,
    accounts: 0,
    ha_assets: 0,
    api: { total: 0, errors: 0 },
    streams: 0,
    consumers: 0,
    messages: 0,
    bytes: 0,
  };
}
