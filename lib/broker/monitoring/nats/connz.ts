import type { ConnectionFacts, SubscriptionFacts } from '../../nats/nats-facts.js';
import type { MonitoringView } from '../view/monitoring-view.js';
import { pageOf } from '../view/paging.js';
import { uptime } from '../view/uptime.js';
import { flagOf, numberOf, QueryError } from './query.js';

const defaultLimit = 1_024;

type Compare = (one: ConnectionFacts, other: ConnectionFacts) => number;

const descending =
  (valueOf: (connection: ConnectionFacts) => number): Compare =>
  (one, other) =>
    valueOf(other) - valueOf(one);

/** The orders that the real server knows, less those of closed connections, which are not kept here. */
const orders: ReadonlyMap<string, Compare> = new Map<string, Compare>([
  ['', (one, other) => one.id - other.id],
  ['cid', (one, other) => one.id - other.id],
  ['start', (one, other) => one.id - other.id],
  ['uptime', descending(({ startedMs }) => startedMs)],
  ['subs', descending(({ subscriptions }) => subscriptions.length)],
  ['pending', descending(({ pendingBytes }) => pendingBytes)],
  ['msgs_to', descending(({ traffic }) => traffic.outMessages)],
  ['msgs_from', descending(({ traffic }) => traffic.inMessages)],
  ['bytes_to', descending(({ traffic }) => traffic.outBytes)],
  ['bytes_from', descending(({ traffic }) => traffic.inBytes)],
  ['last', descending(({ lastActiveMs }) => lastActiveMs)],
  ['idle', (one, other) => one.lastActiveMs - other.lastActiveMs],
  ['rtt', (one, other) => one.id - other.id],
]);

/**
 * The NATS connections. Source: nats-server 2.9.24 server/monitor.go Connz.
 * @throws QueryError
 * @internal
 */
export function connz(view: MonitoringView, query: URLSearchParams): object {
  const { serverId, connections } = view.natsFacts;
  const order = orderOf(query.get('sort') ?? '');
  const shown = detailsOf(query);
  const offset = Math.max(numberOf(query, 'offset'), 0);
  const limit = numberOf(query, 'limit');
  const id = numberOf(query, 'cid');
  const open = isClosedOnly(query) ? [] : connections;
  const user = query.get('user') ?? '';
  const wanted = open.filter((connection) => (id > 0 ? connection.id === id : isOf(user, connection)));
  const paging = { offset, limit: id > 0 ? 1 : limit > 0 ? limit : defaultLimit };
  const page = pageOf(wanted.sort(order), paging);
  return {
    server_id: serverId,
    now: view.now,
    num_connections: page.length,
    total: open.length,
    ...paging,
    connections: page.map((connection) => describe(view, connection, shown)),
  };
}

function orderOf(name: string): Compare {
  const order = orders.get(name);
  if (order !== undefined) return order;
  if (name === 'stop' || name === 'reason') throw new QueryError(`sort by ${name} only valid on closed connections`);
  throw new QueryError(`invalid sorting option: ${name}`);
}

interface Details {
  readonly user: boolean;
  readonly subscriptions: 'none' | 'subjects' | 'all';
}

function detailsOf(query: URLSearchParams): Details {
  const all = query.get('subs')?.toLowerCase() === 'detail';
  return {
    user: flagOf(query, 'auth'),
    subscriptions: all ? 'all' : flagOf(query, 'subs') ? 'subjects' : 'none',
  };
}

/** Connections that are over are not kept: there is none to show. */
function isClosedOnly(query: URLSearchParams): boolean {
  const state = query.get('state') ?? '';
  if (['', 'open', 'any', 'all'].includes(state.toLowerCase())) return false;
  if (state.toLowerCase() === 'closed') return true;
  throw new QueryError(`Error decoding state for ${state}`);
}

function isOf(user: string, { options }: ConnectionFacts): boolean {
  return user === '' || options.user === user;
}

function describe(view: MonitoringView, connection: ConnectionFacts, shown: Details): object {
  const { id, address, port, startedMs, lastActiveMs, pendingBytes, traffic, options, subscriptions, tls } = connection;
  return {
    cid: id,
    kind: 'Client',
    type: 'nats',
    ip: address,
    port,
    start: new Date(startedMs).toISOString(),
    last_activity: new Date(lastActiveMs).toISOString(),
    uptime: uptime(view.nowMs - startedMs),
    idle: uptime(view.nowMs - lastActiveMs),
    pending_bytes: pendingBytes,
    in_msgs: traffic.inMessages,
    out_msgs: traffic.outMessages,
    in_bytes: traffic.inBytes,
    out_bytes: traffic.outBytes,
    subscriptions: subscriptions.length,
    ...(options.name !== '' && { name: options.name }),
    ...(options.lang !== '' && { lang: options.lang }),
    ...(options.version !== '' && { version: options.version }),
    ...(tls !== undefined && { tls_version: (tls.protocol ?? '').replace('TLSv', ''), tls_cipher_suite: tls.cipher }),
    ...(shown.user && options.user !== '' && { authorized_user: options.user }),
    ...(subscriptions.length > 0 && listed(shown, id, subscriptions)),
  };
}

function listed(shown: Details, cid: number, subscriptions: readonly SubscriptionFacts[]): object {
  switch (shown.subscriptions) {
    case 'none':
      return {};
    case 'subjects':
      return { subscriptions_list: subscriptions.map(({ subject }) => subject) };
    case 'all':
      return { subscriptions_list_detail: subscriptions.map((subscription) => detail(cid, subscription)) };
  }
}

function detail(cid: number, { subject, queue, sid, delivered, maxMessages }: SubscriptionFacts): object {
  return {
    subject,
    ...(queue !== undefined && { qgroup: queue }),
    sid,
    msgs: delivered,
    ...(maxMessages > 0 && { max: maxMessages }),
    cid,
  };
}
