import type { MonitoringView } from '../view/monitoring-view.js';
import { flagOf, QueryError } from './query.js';

/** The accounts of a server that has none of its own: everybody is in `$G`. */
const globalAccount = '$G';
const systemAccount = '$SYS';

/**
 * Source: nats-server 2.9.24 server/monitor.go Accountz.
 * @throws QueryError
 * @internal
 */
export function accountz(view: MonitoringView, query: URLSearchParams): object {
  const { serverId } = view.natsFacts;
  const head = { server_id: serverId, now: view.now, system_account: systemAccount };
  const name = query.get('acc') ?? '';
  if (name === '') return { ...head, accounts: [systemAccount, globalAccount] };
  if (name !== globalAccount && name !== systemAccount) throw new QueryError(`Account ${name} does not exist`);
  return { ...head, account_detail: detailOf(view, name) };
}

function detailOf(view: MonitoringView, name: string): object {
  const { startedMs, connections, subjects } = view.natsFacts;
  const isGlobal = name === globalAccount;
  return {
    account_name: name,
    update_time: new Date(startedMs).toISOString(),
    expired: false,
    complete: true,
    jetstream_enabled: false,
    leafnode_connections: 0,
    client_connections: isGlobal ? connections.length : 0,
    subscriptions: isGlobal ? subjects.subscriptions : 0,
    ...(!isGlobal && { is_system: true }),
  };
}

/**
 * Source: nats-server 2.9.24 server/monitor.go AccountStatz.
 * @throws QueryError
 * @internal
 */
export function accstatz(view: MonitoringView, query: URLSearchParams): object {
  const { serverId, connections, totalConnections, traffic, slowConsumers } = view.natsFacts;
  const isListed = flagOf(query, 'unused') || connections.length > 0;
  const account = {
    acc: globalAccount,
    conns: connections.length,
    leafnodes: 0,
    total_conns: totalConnections,
    sent: { msgs: traffic.outMessages, bytes: traffic.outBytes },
    received: { msgs: traffic.inMessages, bytes: traffic.inBytes },
    slow_consumers: slowConsumers,
  };
  return { server_id: serverId, now: view.now, account_statz: isListed ? [account] : [] };
}
